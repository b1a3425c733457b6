"""Plain PyTorch's head: log p and entropy of each token from materialised logits, differentiable in both."""

import json
import resource
import statistics
import sys
import time

import torch

tokens, hidden, vocabulary, threads = map(int, sys.argv[1:5])
precision = getattr(torch, sys.argv[5])
torch.set_num_threads(threads)
torch.manual_seed(1)
x = torch.randn(tokens, hidden, requires_grad=True)
weight = (0.02 * torch.randn(vocabulary, hidden)).requires_grad_()
ids = torch.randint(vocabulary, (tokens,))
g1, g2 = torch.randn(tokens) / tokens, torch.full((tokens,), 1 / tokens)


def statistics_of() -> tuple[torch.Tensor, torch.Tensor]:
    logits = (x.to(precision) @ weight.to(precision).t()).float()
    logprobs = logits.log_softmax(-1)
    return logprobs.gather(1, ids[:, None])[:, 0], -(logprobs.exp() * logprobs).sum(-1)


def forward() -> None:
    with torch.no_grad():
        statistics_of()


def both() -> None:
    logprob, entropy = statistics_of()
    torch.autograd.grad((g1 * logprob + g2 * entropy).sum(), [x, weight])


def seconds(body) -> float:
    for _ in range(2):
        body()
    found = []
    for _ in range(5):
        start = time.perf_counter()
        body()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


print(json.dumps({
    "forward": seconds(forward), "both": seconds(both),
    "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
