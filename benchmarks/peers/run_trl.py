"""One process of TRL's GRPOTrainer on a task of make_task.py; a JSON line per step says where its seconds went."""

import argparse
import json
import time
from pathlib import Path

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from shapes import LEARNING_RATE, SHAPES


class Phases:
    """Seconds spent inside wrapped calls, by phase; an inner call's seconds are not its caller's."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.inner = [0.0]

    def wrap(self, owner: object, method: str, phase: str) -> None:
        original = getattr(owner, method)

        def timed(*arguments, **named):
            start = time.perf_counter()
            self.inner.append(0.0)
            try:
                return original(*arguments, **named)
            finally:
                elapsed = time.perf_counter() - start
                own = elapsed - self.inner.pop()
                self.inner[-1] += elapsed
                self.seconds[phase] = self.seconds.get(phase, 0.0) + own

        setattr(owner, method, timed)

    def take(self) -> dict[str, float]:
        taken, self.seconds = self.seconds, {}
        return taken


class StepLines(TrainerCallback):
    """Writes a line when a step has ended and been logged, which is when the next one begins."""

    def __init__(self, file: Path, phases: Phases, length: int) -> None:
        self.file = file.open("w", buffering=1)
        self.phases = phases
        self.length = length
        self.last = time.perf_counter()
        self.values: dict[str, float] = {}

    def on_log(self, args, state, control, logs=None, **_) -> None:
        if "reward" not in (logs or {}):
            return
        self.values = logs
        lengths = {logs[f"completions/{end}_length"] for end in ("min", "max")}
        if lengths != {self.length}:
            raise SystemExit(f"completions have lengths {lengths}, all should have {self.length}")

    def on_step_begin(self, args, state, control, **_) -> None:
        if state.global_step > 0:
            self.write(state.global_step)
        else:
            self.last = time.perf_counter()

    def on_train_end(self, args, state, control, **_) -> None:
        self.write(state.global_step)

    def write(self, step: int) -> None:
        now = time.perf_counter()
        seconds = self.phases.take()
        elapsed, self.last = now - self.last, now
        seconds["update"] = elapsed - sum(seconds.values())
        line = {"step": step, "wall": elapsed, "seconds": seconds,
                "reward": self.values.get("reward"), "entropy": self.values.get("entropy")}
        self.file.write(json.dumps(line) + "\n")


def share_of_parity(completions: list[str], parity: list[int], **_) -> list[float]:
    """The reward of Sources/Environments/Parity.swift."""
    return [
        sum(ord(character) % 2 == wanted for character in text) / max(1, len(text))
        for text, wanted in zip(completions, parity, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shape", required=True)
    parser.add_argument("--task", type=Path, required=True)
    parser.add_argument("--lines", type=Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], required=True)
    options = parser.parse_args()
    shape = SHAPES[options.shape]
    torch.set_num_threads(options.threads)
    tokenizer = AutoTokenizer.from_pretrained(options.task / "model")
    model = AutoModelForCausalLM.from_pretrained(options.task / "model", dtype=torch.float32)
    rows = [json.loads(line) for line in (options.task / "problems.jsonl").read_text().splitlines()]
    trainer = GRPOTrainer(
        model=model, processing_class=tokenizer, reward_funcs=share_of_parity, train_dataset=Dataset.from_list(rows),
        args=GRPOConfig(
            output_dir=str(options.lines.parent / "trl"), use_cpu=True, seed=1, max_steps=options.steps,
            per_device_train_batch_size=shape.trl_micro_batch,
            gradient_accumulation_steps=shape.completions // shape.trl_micro_batch,
            num_generations=shape.samples, max_completion_length=shape.completion, temperature=1.0, top_k=0,
            generation_kwargs={"eos_token_id": None}, beta=0.0, learning_rate=LEARNING_RATE,
            lr_scheduler_type="constant", weight_decay=0.0, max_grad_norm=1.0, bf16=options.precision == "bfloat16",
            gradient_checkpointing=False, logging_steps=1, report_to="none", save_strategy="no", disable_tqdm=True))
    # An end token that is sampled all the same must not cut the completion out of the loss.
    trainer.eos_token_ids = [-1]
    phases = Phases()
    phases.wrap(trainer, "_generate_single_turn", "rollout")
    phases.wrap(trainer, "_calculate_rewards", "reward")
    phases.wrap(trainer, "_generate_and_score_completions", "batch")
    phases.wrap(trainer, "log", "log")
    trainer.add_callback(StepLines(options.lines, phases, shape.completion))
    trainer.train()


main()
