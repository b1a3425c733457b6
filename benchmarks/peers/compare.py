#!/usr/bin/env python3
"""Maxwell and TRL on the same task, in turn; a table and a JSON file. `python3 benchmarks/peers/compare.py --help`."""

import argparse
import datetime
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
from pathlib import Path

import report
from head import HEAD_SIDES, compare_head
from observe import Observation, Refusal
from shapes import SHAPES, WARMUP_STEPS, Shape
from sides import HERE, MAXWELL, PHASES, SIDES, WAITING, phases, reward

CACHE = HERE / ".cache"


def make_environment() -> None:
    """A virtual environment of this folder's own, made once and again when requirements.txt changes."""
    wanted = (HERE / "requirements.txt").read_text()
    stamp = CACHE / "installed.txt"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    print("installing the peers, once; this takes minutes", file=sys.stderr)
    python = CACHE / "venv" / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(CACHE / "venv")], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(HERE / "requirements.txt")], check=True)
    stamp.write_text(wanted)


def make_task(shape: Shape) -> Path:
    folder = CACHE / f"task-{shape.name}"
    if not (folder / "problems.jsonl").is_file():
        python = CACHE / "venv" / "bin" / "python"
        subprocess.run([str(python), str(HERE / "make_task.py"), shape.name, str(folder)], check=True)
    return folder


def versions() -> dict[str, str]:
    names = [line.split("==")[0] for line in (HERE / "requirements.txt").read_text().splitlines() if "==" in line]
    script = f"import importlib.metadata as m, json; print(json.dumps({{n: m.version(n) for n in {names!r}}}))"
    python = CACHE / "venv" / "bin" / "python"
    found = json.loads(subprocess.run([str(python), "-c", script], check=True, capture_output=True).stdout)
    doctor = json.loads(subprocess.run([str(MAXWELL), "doctor", "--json"], check=True, capture_output=True).stdout)
    return {"python": platform.python_version(), **found, "maxwell libtorch": doctor["libtorch"],
            "maxwell vector capability": doctor["vector_capability"]}


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def summary(shape: Shape, observation: Observation) -> dict:
    """The numbers of one process."""
    by_phase = {phase: statistics.median(phases(line)[phase] for line in observation.lines) for phase in PHASES}
    wall = statistics.median(observation.walls)
    return {
        "wall": wall, "walls": observation.walls, "cpu": observation.cpu_per_step, "phases": by_phase,
        "tokens_per_second": shape.completions * shape.completion / wall, "peak_bytes": observation.peak_bytes,
        "other_cores": observation.other_cores, "load": observation.load,
        "rewards": [reward(line) for line in observation.lines],
    }


def compare_steps(shape: Shape, names: list[str], rounds: int, threads: int) -> dict[str, list[dict]]:
    """One process of each side in turn, `rounds` times."""
    task = make_task(shape)
    runs: dict[str, list[dict]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names:
            scratch = CACHE / "run"
            shutil.rmtree(scratch, ignore_errors=True)
            run = summary(shape, SIDES[name].run(shape, task, scratch, threads))
            runs[name].append(run)
            print(f"shape {shape.name}, round {turn + 1} of {rounds}, {name}: {run['wall']:.3f} s per step, "
                  f"{run['cpu']:.3f} CPU s, {run['other_cores']:.1f} cores busy elsewhere", file=sys.stderr)
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shapes", default="a", help="of a, b and c, comma-separated; 'none' compares no steps")
    parser.add_argument("--sides", default=",".join(SIDES), help="comma-separated")
    parser.add_argument("--rounds", type=int, default=5, help="alternations")
    parser.add_argument("--steps", type=int, help="measured steps of a process; the shape's own number if not given")
    parser.add_argument("--threads", type=int, default=2, help="of every side")
    parser.add_argument("--head", default="", help="shapes at which to compare the head operator with plain PyTorch")
    parser.add_argument("--head-sides", default=",".join(HEAD_SIDES), help="comma-separated")
    parser.add_argument("--out", type=Path, default=CACHE / "results.json")
    options = parser.parse_args()
    shapes = [] if options.shapes == "none" else [SHAPES[name] for name in options.shapes.split(",")]
    heads = [name for name in options.head.split(",") if name]
    names, head_names = options.sides.split(","), options.head_sides.split(",")
    for option, given, known in [("--sides", names, SIDES), ("--head-sides", head_names, HEAD_SIDES)]:
        if unknown := set(given) - set(known):
            raise Refusal(f"{option} knows {', '.join(known)}, not {', '.join(sorted(unknown))}")
    if not MAXWELL.is_file():
        raise Refusal(f"{MAXWELL} is missing; run make build first")
    CACHE.mkdir(exist_ok=True)
    make_environment()
    results = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": {"processor": processor(), "cores": os.cpu_count(), "threads": options.threads,
                    "waiting": WAITING},
        "versions": versions(), "warmup_steps": WARMUP_STEPS, "steps": {}, "head": {},
    }
    for shape in shapes:
        if options.steps:
            shape = Shape(**{**shape.__dict__, "steps": options.steps})
        results["steps"][shape.name] = {
            "shape": {**shape.__dict__, "parameters": shape.parameters},
            "runs": compare_steps(shape, names, options.rounds, options.threads)}
    for name in heads:
        results["head"][name] = compare_head(name, head_names, options.rounds, options.threads)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=1) + "\n")
    print(report.text(results))
    print(f"\n{options.out}", file=sys.stderr)


# Told to end, it ends the process it is measuring too.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("compare.py: terminated"))
try:
    main()
except (Refusal, subprocess.CalledProcessError, KeyError) as error:
    sys.exit(f"compare.py: {error}")
