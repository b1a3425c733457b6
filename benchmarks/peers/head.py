"""The head operator, in turn: Maxwell's `bench --only head`, TRL's chunked head and plain PyTorch."""

import json
import os
import subprocess
import sys

from observe import Refusal
from shapes import HEAD_SHAPES
from sides import HERE, MAXWELL, WAITING


def one(command: list[str], threads: int) -> dict:
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), **WAITING)
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise Refusal(f"{command[0]} ended with status {done.returncode}: {done.stderr[-500:]}")
    return json.loads(done.stdout)


def maxwell(shape: tuple[int, int, int], threads: int, precision: str) -> dict:
    size = "x".join(map(str, shape))
    found = one([str(MAXWELL), "bench", "--json", "--only", "head", "--head", size, "--threads", str(threads),
                 "--precision", precision], threads)
    rows = {row["name"]: row for row in found["measurements"]}
    alone, both = rows[f"head/{size}/forward"], rows[f"head/{size}/forward_backward"]
    return {"forward": alone["seconds"], "forward_cpu": alone["cpu_seconds"], "both": both["seconds"],
            "both_cpu": both["cpu_seconds"], "peak_bytes": both["peak_bytes"]}


def torch(route: str, shape: tuple[int, int, int], threads: int, precision: str) -> dict:
    python = str(HERE / ".cache" / "venv" / "bin" / "python")
    return one([python, str(HERE / "head_torch.py"), route, *map(str, shape), str(threads), precision], threads)


HEAD_SIDES = {
    "maxwell": lambda shape, threads: maxwell(shape, threads, "float32"),
    "maxwell-bfloat16x3": lambda shape, threads: maxwell(shape, threads, "bfloat16x3"),
    "maxwell-bfloat16": lambda shape, threads: maxwell(shape, threads, "bfloat16"),
    "trl-float32": lambda shape, threads: torch("trl", shape, threads, "float32"),
    "trl-bfloat16": lambda shape, threads: torch("trl", shape, threads, "bfloat16"),
    "torch-float32": lambda shape, threads: torch("torch", shape, threads, "float32"),
    "torch-bfloat16": lambda shape, threads: torch("torch", shape, threads, "bfloat16"),
}


def compare_head(name: str, sides: list[str], rounds: int, threads: int) -> dict:
    shape = HEAD_SHAPES[name]
    runs: dict[str, list[dict]] = {side: [] for side in sides}
    for turn in range(rounds):
        for side in sides:
            runs[side].append(HEAD_SIDES[side](shape, threads))
            print(f"head {name}, round {turn + 1} of {rounds}, {side}: {runs[side][-1]['both'] * 1e3:.1f} ms",
                  file=sys.stderr)
    return {"shape": shape, "runs": runs}
