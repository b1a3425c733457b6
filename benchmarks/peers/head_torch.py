"""The head of PyTorch or of TRL: log p and entropy of each token, differentiable in both.

Arguments: route tokens hidden vocabulary threads precision. Route `torch` materialises the logits; `trl` is the chunked
head of TRL's GRPOTrainer, as the trainer calls it.
"""

import contextlib
import json
import resource
import statistics
import sys
import time

import torch

route = sys.argv[1]
tokens, hidden, vocabulary, threads = map(int, sys.argv[2:6])
precision = getattr(torch, sys.argv[6])
torch.set_num_threads(threads)
torch.manual_seed(1)
x = torch.randn(tokens, hidden, requires_grad=True)
weight = (0.02 * torch.randn(vocabulary, hidden)).requires_grad_()
ids = torch.randint(vocabulary, (tokens,))
g1, g2 = torch.randn(tokens) / tokens, torch.full((tokens,), 1 / tokens)

if route == "trl":
    from trl.trainer.utils import _CHUNKED_LOGPROB_CHUNK_SIZE as CHUNK
    from trl.trainer.utils import _ChunkedLogProbFunction as Chunked


def of_torch() -> tuple[torch.Tensor, torch.Tensor]:
    logits = (x.to(precision) @ weight.to(precision).t()).float()
    logprobs = logits.log_softmax(-1)
    return logprobs.gather(1, ids[:, None])[:, 0], -(logprobs.exp() * logprobs).sum(-1)


def of_trl() -> tuple[torch.Tensor, torch.Tensor]:
    narrow = torch.autocast("cpu", precision) if precision != torch.float32 else contextlib.nullcontext()
    with narrow:
        logprob, entropy, *_ = Chunked.apply(x, weight, None, ids, 1.0, CHUNK, None, 1.0, ("log_probs", "entropy"))
    return logprob, entropy


statistics_of = of_trl if route == "trl" else of_torch


def forward() -> None:
    with torch.no_grad():
        statistics_of()


def both() -> None:
    logprob, entropy = statistics_of()
    torch.autograd.grad((g1 * logprob + g2 * entropy).sum(), [x, weight])


def seconds(body) -> tuple[float, float]:
    """Medians of wall and CPU seconds over three runs after an untimed one."""
    body()
    wall, processor = [], []
    for _ in range(3):
        start, began = time.perf_counter(), time.process_time()
        body()
        wall.append(time.perf_counter() - start)
        processor.append(time.process_time() - began)
    return statistics.median(wall), statistics.median(processor)


(forward_wall, forward_cpu), (both_wall, both_cpu) = seconds(forward), seconds(both)
print(json.dumps({
    "forward": forward_wall, "forward_cpu": forward_cpu, "both": both_wall, "both_cpu": both_cpu,
    "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
