"""The sides of the comparison: how each is started, and how its step's seconds are named."""

import os
from dataclasses import dataclass
from pathlib import Path

from observe import Observation, observe
from shapes import LEARNING_RATE, WARMUP_STEPS, Shape

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MAXWELL = ROOT / ".build" / "release" / "maxwell"
# How OpenMP threads wait, on both sides: spinning ones measure the neighbours on a machine that is not quiet.
# The moment before they sleep is what `maxwell` sets where the user sets nothing; "active" spins for good.
WAITING = {"OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "passive")}
if WAITING["OMP_WAIT_POLICY"] == "passive":
    WAITING["GOMP_SPINCOUNT"] = os.environ.get("GOMP_SPINCOUNT", "4000")
# Phases of a step in the order of the table.
PHASES = ["rollout", "reward", "batch", "update", "measure", "log"]

CONFIG = """\
model: {task}/model
output: {output}
seed: 1
threads: {threads}
precision: {precision}
environment:
  name: parity
prompts: {task}/problems.jsonl
algorithm:
  name: grpo
rollout:
  prompts_per_step: {shape.prompts}
  completions_per_prompt: {shape.samples}
  temperature: 1.0
  max_new_tokens: {shape.completion}
training:
  steps: {steps}
  measure_entropy: {measures}
optimiser:
  learning_rate: {rate}
  schedule: constant
  max_gradient_norm: 1.0
checkpoint:
  every: 1000000
"""


@dataclass(frozen=True)
class Side:
    """A program with its options."""

    name: str
    program: str
    precision: str = "float32"
    # Maxwell only: entropy measured and predicted at every update.
    measures: bool = False

    def run(self, shape: Shape, task: Path, scratch: Path, threads: int) -> Observation:
        scratch.mkdir(parents=True)
        total = WARMUP_STEPS + shape.steps
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="false",
                           HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", PYTHONWARNINGS="ignore", **WAITING)
        if self.program == "maxwell":
            config = scratch / "config.yaml"
            config.write_text(CONFIG.format(
                task=task, output=scratch / "run", threads=threads, precision=self.precision, shape=shape, steps=total,
                measures=str(self.measures).lower(), rate=LEARNING_RATE))
            command = [str(MAXWELL), "train", str(config)]
            lines = scratch / "run" / "metrics.jsonl"
        else:
            lines = scratch / "lines.jsonl"
            command = [
                str(HERE / ".cache" / "venv" / "bin" / "python"), str(HERE / "run_trl.py"), "--shape", shape.name,
                "--task", str(task), "--lines", str(lines), "--steps", str(total), "--threads", str(threads),
                "--precision", self.precision]
        return observe(command, lines, scratch / "log.txt", WARMUP_STEPS, shape.steps, environment, scratch)


SIDES = {
    side.name: side
    for side in [
        Side("maxwell", "maxwell", measures=True),
        Side("maxwell-unmeasured", "maxwell"),
        Side("maxwell-bfloat16x3", "maxwell", precision="bfloat16x3", measures=True),
        Side("maxwell-bfloat16x3-unmeasured", "maxwell", precision="bfloat16x3"),
        Side("maxwell-bfloat16", "maxwell", precision="bfloat16", measures=True),
        Side("maxwell-bfloat16-unmeasured", "maxwell", precision="bfloat16"),
        Side("trl-float32", "trl"),
        Side("trl-bfloat16", "trl", precision="bfloat16"),
    ]
}


def phases(line: dict) -> dict[str, float]:
    """Seconds of one step by phase, from either program's line."""
    found = line.get("seconds") or {key[8:]: value for key, value in line.items() if key.startswith("seconds/")}
    return {phase: found.get(phase, 0.0) for phase in PHASES}


def reward(line: dict) -> float:
    return line.get("reward", line.get("reward/mean"))
