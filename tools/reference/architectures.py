# Writes tiny random folders of every model family but Qwen2, with what transformers computes on them, for the tests of Models.
"""Fixtures of Tests/ModelsTests.

    pip install torch transformers
    python tools/reference/architectures.py

Each folder below Tests/ModelsTests/Fixtures is a Hugging Face checkpoint (`config.json`, weights) and `reference.safetensors` with,
for n = 0, 1: `ids_n` int64 [T], `logits_n` float32 [T, V], and `greedy_n` int64 [10], what greedy decoding appends. `fixture.json`
names this script, the versions, the seed and, as a scale for tolerances, how far these logits are from the same model in float64.

The reference is the model of the files computed in float32, whatever the files hold. Biases and norm weights are random too, so that
leaving one out shows. `legacy` rewrites the rotary fields as transformers 4 and every published checkpoint of these families do.
"""

import json
import pathlib
import shutil

import model_fixtures
import torch
from transformers import AutoConfig, AutoModelForCausalLM

SEED = 20260411
ROOT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "ModelsTests" / "Fixtures"
LENGTHS = (9, 17)
GENERATED = 10
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}
GEMMA = dict(
    model_type="gemma3_text", query_pre_attn_scalar=12, sliding_window=32, num_hidden_layers=3,
    layer_types=["sliding_attention", "sliding_attention", "full_attention"])

CASES = {
    "qwen3-gqa-wide-heads": dict(
        config=dict(model_type="qwen3", hidden_size=24, num_attention_heads=4, num_key_value_heads=2, head_dim=10, vocab_size=101,
                    tie_word_embeddings=True, rms_norm_eps=1e-6), theta=1_000_000.0, legacy=True),
    "qwen3-mha-untied-bfloat16": dict(
        config=dict(model_type="qwen3", hidden_size=32, num_attention_heads=2, num_key_value_heads=2, head_dim=8, vocab_size=83,
                    tie_word_embeddings=False, rms_norm_eps=1e-5), theta=10_000.0, legacy=False, dtype="bfloat16"),
    "llama-mha-older": dict(
        config=dict(model_type="llama", hidden_size=24, num_attention_heads=3, num_key_value_heads=3, vocab_size=89,
                    tie_word_embeddings=False, rms_norm_eps=1e-5), theta=10_000.0, legacy=True),
    "llama-gqa-scaled-tied": dict(
        config=dict(model_type="llama", hidden_size=32, num_attention_heads=4, num_key_value_heads=1, head_dim=16, vocab_size=97,
                    tie_word_embeddings=True, rms_norm_eps=1e-5), theta=500_000.0, scaling=LLAMA3, legacy=True),
    "llama-gqa-scaled-float16-sharded": dict(
        config=dict(model_type="llama", hidden_size=32, num_attention_heads=4, num_key_value_heads=2, vocab_size=103,
                    tie_word_embeddings=False, rms_norm_eps=1e-5), theta=500_000.0, scaling=LLAMA3, legacy=False, dtype="float16",
        shard="12KB"),
    "llama-linear-scaling": dict(
        config=dict(model_type="llama", hidden_size=16, num_attention_heads=2, num_key_value_heads=1, vocab_size=61,
                    tie_word_embeddings=True, rms_norm_eps=1e-6), theta=10_000.0, scaling={"rope_type": "linear", "factor": 4.0},
        legacy=True),
    "mistral-gqa-no-window": dict(
        config=dict(model_type="mistral", hidden_size=32, num_attention_heads=4, num_key_value_heads=2, head_dim=6, vocab_size=79,
                    tie_word_embeddings=False, rms_norm_eps=1e-5, sliding_window=None), theta=1_000_000.0, legacy=True),
    "mistral-mqa-window": dict(
        config=dict(model_type="mistral", hidden_size=20, num_attention_heads=5, num_key_value_heads=1, vocab_size=71,
                    tie_word_embeddings=False, rms_norm_eps=1e-5, sliding_window=32), theta=10_000.0, legacy=True),
    "gemma3-gqa": dict(
        config=dict(GEMMA, hidden_size=24, num_attention_heads=4, num_key_value_heads=2, head_dim=8, vocab_size=97,
                    tie_word_embeddings=True, rms_norm_eps=1e-6), theta=1_000_000.0, local=10_000.0, legacy=True),
    "gemma3-mqa-scaled-wide-heads": dict(
        config=dict(GEMMA, hidden_size=16, num_attention_heads=2, num_key_value_heads=1, head_dim=12, vocab_size=67,
                    tie_word_embeddings=True, rms_norm_eps=1e-6), theta=1_000_000.0, local=1_000.0,
        scaling={"rope_type": "linear", "factor": 8.0}, legacy=False),
}


def rotary(case: dict) -> dict:
    own = {"rope_type": "default", **case.get("scaling", {}), "rope_theta": case["theta"]}
    if "local" not in case:
        return own
    return {"full_attention": own, "sliding_attention": {"rope_type": "default", "rope_theta": case["local"]}}


def fill(model: torch.nn.Module, generator: torch.Generator) -> None:
    """Draws every parameter: matrices with deviation 0.3, norm weights uniform in 0.4...1.6, or those less 1 where they are offsets."""
    offset = 1.0 if model.config.model_type.startswith("gemma") else 0.0
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if name.endswith("norm.weight"):
                parameter.uniform_(0.4 - offset, 1.6 - offset, generator=generator)
            else:
                parameter.normal_(0, 0.3, generator=generator)


def rewrite(folder: pathlib.Path, case: dict) -> None:
    path = folder / "config.json"
    written = json.loads(path.read_text())
    del written["rope_parameters"]
    written["rope_theta"] = case["theta"]
    if "local" in case:
        written["rope_local_base_freq"] = case["local"]
    if "scaling" in case:
        written["rope_scaling"] = case["scaling"]
    path.write_text(json.dumps(written, indent=2, sort_keys=True) + "\n")


def greedy(model: torch.nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """What greedy decoding appends, without a cache; a near tie would make the fixture useless."""
    for _ in range(GENERATED):
        logits = model(ids[None]).logits[0, -1]
        best = logits.topk(2)
        assert best.values[0] - best.values[1] > 1e-3, "a near tie: take another seed"
        ids = torch.cat([ids, best.indices[:1]])
    return ids[-GENERATED:]


def write(name: str, case: dict, seed: int) -> None:
    folder = ROOT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sizes = dict(intermediate_size=28, num_hidden_layers=2, max_position_embeddings=128, bos_token_id=None, eos_token_id=0,
                 pad_token_id=None)
    config = AutoConfig.for_model(**{**sizes, **case["config"], "rope_parameters": rotary(case)})
    generator = torch.Generator().manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32).eval()
    fill(model, generator)
    options = {} if "shard" not in case else {"max_shard_size": case["shard"]}
    model.to(getattr(torch, case.get("dtype", "float32"))).save_pretrained(folder, **options)
    if case["legacy"]:
        rewrite(folder, case)

    loaded = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    double = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float64).eval()
    tensors, largest = {}, 0.0
    with torch.no_grad():
        for index, length in enumerate(LENGTHS):
            ids = torch.randint(0, config.vocab_size, (length,), generator=generator)
            logits = loaded(ids[None]).logits[0]
            if "dtype" not in case:
                assert torch.equal(logits, model(ids[None]).logits[0]), f"{name} does not survive saving"
            largest = max(largest, (logits.double() - double(ids[None]).logits[0]).abs().max().item())
            tensors[f"ids_{index}"] = ids.to(torch.int64)
            tensors[f"logits_{index}"] = logits.contiguous()
            tensors[f"greedy_{index}"] = greedy(loaded, ids).to(torch.int64)
    model_fixtures.save(folder, "tools/reference/architectures.py", seed, case, LENGTHS, tensors, largest)


def main() -> None:
    torch.set_num_threads(1)
    for index, (name, case) in enumerate(CASES.items()):
        write(name, case, SEED + index)


if __name__ == "__main__":
    main()
