"""The head operator, in turn: Maxwell's `bench --only head` and plain PyTorch."""

import json
import os
import subprocess
import sys

from observe import Refusal
from shapes import HEAD_SHAPES
from sides import HERE, MAXWELL, WAIT_POLICY


def one(command: list[str], threads: int) -> dict:
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OMP_WAIT_POLICY=WAIT_POLICY)
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise Refusal(f"{command[0]} ended with status {done.returncode}: {done.stderr[-500:]}")
    return json.loads(done.stdout)


def maxwell(shape: tuple[int, int, int], threads: int, precision: str) -> dict:
    size = "x".join(map(str, shape))
    found = one([str(MAXWELL), "bench", "--json", "--only", "head", "--head", size, "--threads", str(threads),
                 "--precision", precision], threads)
    rows = {row["name"]: row for row in found["measurements"]}
    return {"forward": rows[f"head/{size}/forward"]["seconds"], "both": rows[f"head/{size}/forward_backward"]["seconds"],
            "peak_bytes": rows[f"head/{size}/forward_backward"]["peak_bytes"]}


def torch(shape: tuple[int, int, int], threads: int, precision: str) -> dict:
    python = str(HERE / ".cache" / "venv" / "bin" / "python")
    return one([python, str(HERE / "head_torch.py"), *map(str, shape), str(threads), precision], threads)


def compare_head(name: str, rounds: int, threads: int) -> dict:
    shape = HEAD_SHAPES[name]
    sides = {
        "maxwell": lambda: maxwell(shape, threads, "float32"),
        "maxwell-bfloat16": lambda: maxwell(shape, threads, "bfloat16"),
        "torch-float32": lambda: torch(shape, threads, "float32"),
        "torch-bfloat16": lambda: torch(shape, threads, "bfloat16"),
    }
    runs: dict[str, list[dict]] = {side: [] for side in sides}
    for turn in range(rounds):
        for side, run in sides.items():
            runs[side].append(run())
            print(f"head {name}, round {turn + 1} of {rounds}, {side}: {runs[side][-1]['both'] * 1e3:.1f} ms",
                  file=sys.stderr)
    return {"shape": shape, "runs": runs}
