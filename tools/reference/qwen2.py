# Writes tiny random Qwen2 folders and the logits that transformers computes with them, for the parity test of Models.
"""Fixtures of Tests/ModelsTests.

    pip install torch transformers
    python tools/reference/qwen2.py

Each folder below Tests/ModelsTests/Fixtures is a Hugging Face checkpoint in float32 (`config.json`, weights) and
`reference.safetensors` with, for n = 0, 1: `ids_n` int64 [T] and `logits_n` float32 [T, V]. `fixture.json` names this
script, the versions, the seed and, as a scale for tolerances, how far these logits are from the same model in float64.

Biases and norm weights are random too, so that leaving one out shows.
"""

import json
import pathlib
import shutil

import model_fixtures
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

SEED = 20260203
ROOT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "ModelsTests" / "Fixtures"

# legacy_rope: write `rope_theta` at the top level, as every published Qwen2 and Qwen2.5 checkpoint does;
# otherwise the `rope_parameters` object of transformers 5 stays.
CASES = {
    "qwen2-mha-untied": dict(
        hidden=32, heads=4, kv=4, vocab=151, tied=False, theta=10_000.0, eps=1e-6, legacy_rope=False, shard=None),
    "qwen2-gqa-tied": dict(
        hidden=32, heads=4, kv=2, vocab=197, tied=True, theta=50_000.0, eps=1e-6, legacy_rope=True, shard=None),
    "qwen2-mqa-seven-heads": dict(
        hidden=28, heads=7, kv=1, vocab=97, tied=False, theta=1_000_000.0, eps=1e-5, legacy_rope=False, shard=None),
    "qwen2-gqa-tied-sharded": dict(
        hidden=32, heads=4, kv=2, vocab=131, tied=True, theta=10_000.0, eps=1e-6, legacy_rope=True, shard="24KB"),
}
LENGTHS = (11, 19)


def fill(model: torch.nn.Module, generator: torch.Generator) -> None:
    """Draws every parameter: matrices with deviation 0.3, biases 0.5, norm weights uniform in 0.4...1.6."""
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if name.endswith("norm.weight"):
                parameter.uniform_(0.4, 1.6, generator=generator)
            elif name.endswith("bias"):
                parameter.normal_(0, 0.5, generator=generator)
            else:
                parameter.normal_(0, 0.3, generator=generator)


def write(name: str, case: dict, seed: int) -> None:
    folder = ROOT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = Qwen2Config(
        vocab_size=case["vocab"], hidden_size=case["hidden"], intermediate_size=40, num_hidden_layers=2,
        num_attention_heads=case["heads"], num_key_value_heads=case["kv"], max_position_embeddings=128,
        rms_norm_eps=case["eps"], rope_parameters={"rope_type": "default", "rope_theta": case["theta"]},
        tie_word_embeddings=case["tied"], bos_token_id=None, eos_token_id=0, max_window_layers=2,
        initializer_range=0.3, attn_implementation="eager", dtype=torch.float32)
    generator = torch.Generator().manual_seed(seed)
    model = Qwen2ForCausalLM(config).to(torch.float32).eval()
    fill(model, generator)
    options = {} if case["shard"] is None else {"max_shard_size": case["shard"]}
    model.save_pretrained(folder, **options)

    if case["legacy_rope"]:
        path = folder / "config.json"
        written = json.loads(path.read_text())
        del written["rope_parameters"]
        written["rope_theta"] = case["theta"]
        path.write_text(json.dumps(written, indent=2, sort_keys=True) + "\n")

    # The reference is what a reader of the files sees, hence loaded back.
    loaded = Qwen2ForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    double = Qwen2ForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float64).eval()
    tensors, largest = {}, 0.0
    with torch.no_grad():
        for index, length in enumerate(LENGTHS):
            ids = torch.randint(0, case["vocab"], (length,), generator=generator)
            logits = loaded(ids[None]).logits[0]
            exact = double(ids[None]).logits[0]
            assert torch.equal(logits, model(ids[None]).logits[0]), f"{name} does not survive saving"
            largest = max(largest, (logits.double() - exact).abs().max().item())
            tensors[f"ids_{index}"] = ids.to(torch.int64)
            tensors[f"logits_{index}"] = logits.contiguous()
    model_fixtures.save(folder, "tools/reference/qwen2.py", seed, case, LENGTHS, tensors, largest)


def main() -> None:
    torch.set_num_threads(1)
    for index, (name, case) in enumerate(CASES.items()):
        write(name, case, SEED + index)


if __name__ == "__main__":
    main()
