# Writes LoRA adapters of two tiny models as PEFT saves them, and the logits PEFT computes with them; compares what Maxwell wrote.
"""Fixtures of Tests/ModelsTests.

    pip install torch transformers peft
    python tools/reference/adapters.py
    python tools/reference/adapters.py BASE ADAPTER MERGED

The first call writes folders below Tests/ModelsTests/Fixtures: `adapter_config.json` and `adapter_model.safetensors` of PEFT over the
base model that `fixture.json` names, and `reference.safetensors` with `ids` int64 [T] and `logits` float32 [T, V]. The second opens a
base folder with an adapter folder by PEFT, and a merged folder by transformers, and prints how far their logits differ.
"""

import json
import pathlib
import shutil
import sys

import peft
import safetensors
import safetensors.torch
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

SEED = 20260502
ROOT = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "ModelsTests" / "Fixtures"
LENGTH = 13
CASES = {
    "adapter-qwen2-all": dict(
        base="qwen2-gqa-tied", rank=4, alpha=6,
        targets=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"], layers=None),
    "adapter-llama-attention": dict(
        base="llama-gqa-scaled-tied", rank=3, alpha=5, targets=["q_proj", "v_proj"], layers=None),
    "adapter-qwen3-one-layer": dict(
        base="qwen3-gqa-wide-heads", rank=1, alpha=2, targets=["o_proj", "down_proj"], layers=[1]),
}


def opened(folder) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()


def write(name: str, case: dict, seed: int) -> None:
    folder = ROOT / name
    shutil.rmtree(folder, ignore_errors=True)
    config = LoraConfig(
        r=case["rank"], lora_alpha=case["alpha"], target_modules=case["targets"], layers_to_transform=case["layers"],
        lora_dropout=0.0, task_type="CAUSAL_LM")
    model = get_peft_model(opened(ROOT / case["base"]), config)
    model.peft_config["default"].base_model_name_or_path = case["base"]
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, parameter in sorted(model.named_parameters()):
            if "lora_" in key:
                parameter.normal_(0, 0.3, generator=generator)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    loaded = PeftModel.from_pretrained(opened(ROOT / case["base"]), folder).eval()
    ids = torch.randint(0, loaded.config.vocab_size, (LENGTH,), generator=generator)
    with torch.no_grad():
        logits = loaded(ids[None]).logits[0].contiguous()
        plain = opened(ROOT / case["base"])(ids[None]).logits[0]
    safetensors.torch.save_file({"ids": ids, "logits": logits}, folder / "reference.safetensors")
    effect = (logits - plain).abs().max().item()
    header = {
        "script": "tools/reference/adapters.py",
        "versions": {
            "torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__,
            "safetensors": safetensors.__version__,
        },
        "seed": seed, "case": case, "largest_effect_on_a_logit": effect,
    }
    (folder / "fixture.json").write_text(json.dumps(header, indent=2) + "\n")
    print(f"{name}: the adapters move a logit by up to {effect:.2f}")


def compare(base: str, adapter: str, merged: str) -> None:
    theirs = PeftModel.from_pretrained(opened(base), adapter).eval()
    ours = opened(merged)
    generator = torch.Generator().manual_seed(SEED)
    ids = torch.randint(0, ours.config.vocab_size, (4, LENGTH), generator=generator)
    with torch.no_grad():
        difference = (theirs(ids).logits - ours(ids).logits).abs().max().item()
        effect = (opened(base)(ids).logits - ours(ids).logits).abs().max().item()
    print(f"largest difference {difference:.2e}; the adapters move a logit by up to {effect:.3f}")


def main() -> None:
    torch.set_num_threads(1)
    if len(sys.argv) == 4:
        compare(*sys.argv[1:])
        return
    for index, (name, case) in enumerate(CASES.items()):
        write(name, case, SEED + index)


if __name__ == "__main__":
    main()
