# How the fixtures of Tests/ModelsTests are written; used by qwen2.py and architectures.py.
"""A folder's `reference.safetensors`, and `fixture.json`, which says how it was made."""

import json
import pathlib

import safetensors
import safetensors.torch
import torch
import transformers


def save(folder: pathlib.Path, script: str, seed: int, case: dict, lengths: tuple, tensors: dict, largest: float) -> None:
    """`largest` is the greatest difference of the logits to those of the same model in float64."""
    safetensors.torch.save_file(tensors, folder / "reference.safetensors")
    header = {
        "script": script,
        "versions": {
            "torch": torch.__version__, "transformers": transformers.__version__, "safetensors": safetensors.__version__,
        },
        "seed": seed,
        "case": case,
        "sequence_lengths": list(lengths),
        "logit_deviation": torch.cat([tensors["logits_0"], tensors["logits_1"]]).std().item(),
        "largest_difference_to_float64": largest,
    }
    (folder / "fixture.json").write_text(json.dumps(header, indent=2) + "\n")
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder.name}: {size} bytes, logit deviation {header['logit_deviation']:.3f}, float64 difference {largest:.2e}")
