# A small `maxwell train` run to torment, and an independent reader of its folder: used by torture.py, faults.py and soak.py.
"""Nothing here is the program's own code: checksums are zlib's, SQLite is Python's, JSON is Python's."""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UPDATES_PER_STEP = 2

WARM_START = """\
output: {output}
seed: {seed}
threads: 1
model:
  tokenizer: {tokenizer}
  hidden_size: 16
  layers: 1
  heads: 4
  key_value_heads: 2
  intermediate_size: 24
  context_length: 40
environment:
  name: countdown
training:
  steps: 2
  examples_per_step: 8
"""

RUN = """\
model: {model}
output: {output}
seed: {seed}
threads: 1
environment:
  name: countdown
guards:
  entropy_ceiling: 1  # two supervised steps leave the policy all but uniform, which is worth an alarm elsewhere
algorithm:
  name: clip_v
  entropy_coefficient: 0.02
rollout:
  prompts_per_step: {prompts}
  completions_per_prompt: {completions}
  max_new_tokens: 12
optimiser:
  learning_rate: 2e-3
  schedule: cosine
  warmup_updates: 3
training:
  steps: {steps}
  mini_batches: {updates}
checkpoint:
  every: {every}
  keep: {keep}
"""


class Finding(Exception):
    """Something that must not be."""


def add_arguments(parser):
    parser.add_argument("--program", default=str(ROOT / ".build/release/maxwell"), help="the built program")
    parser.add_argument("--folder", help="where to work (default: a temporary folder, removed if all is well)")
    parser.add_argument("--seed", type=int, default=1)


def workplace(arguments, name):
    if not os.access(arguments.program, os.X_OK):
        raise SystemExit(f"{arguments.program} is not a program; build it with `make build` or give --program.")
    folder = Path(arguments.folder).resolve() if arguments.folder else Path(tempfile.mkdtemp(prefix=f"maxwell-{name}-"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class SmallRun:
    """One configuration in its own folder; `whole()` is the same run undisturbed."""

    def __init__(self, program, folder, seed, steps, every, keep=2, prompts=4, completions=4):
        self.program, self.seed = program, seed
        self.steps, self.every, self.keep = steps, every, keep
        self.prompts, self.completions = prompts, completions
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.model = self.folder / "model/checkpoints/step-000002"

    def environment(self, **more):
        return dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive", **more)

    def warm_start(self):
        if self.model.exists():
            return
        config = self.folder / "model.yaml"
        config.write_text(WARM_START.format(
            output=self.folder / "model", seed=self.seed, tokenizer=ROOT / "models/countdown-tokenizer"))
        subprocess.run([self.program, "sft", str(config)], env=self.environment(), check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def command(self, output, resume=False):
        """The command line of a run into `output`, whose configuration is written beside it."""
        config = Path(f"{output}.yaml")
        config.write_text(RUN.format(
            model=self.model, output=output, seed=self.seed, steps=self.steps, every=self.every, keep=self.keep,
            prompts=self.prompts, completions=self.completions, updates=UPDATES_PER_STEP))
        return [self.program, "train", str(config)] + (["--resume"] if resume else [])

    def whole(self):
        """The folder of the undisturbed run, made at the first call."""
        output = self.folder / "whole"
        if not (output / f"checkpoints/step-{self.steps:06}").exists():
            shutil.rmtree(output, ignore_errors=True)
            subprocess.run(self.command(output), env=self.environment(), check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        return output


def metrics(output):
    """Whole lines without wall clock; what lies behind the last line end is a line that was being written."""
    path = Path(output) / "metrics.jsonl"
    text = path.read_bytes() if path.exists() else b""
    records = []
    for number, line in enumerate(text.split(b"\n")[:-1], 1):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise Finding(f"metrics.jsonl:{number} is not JSON: {error}")
        if record.get("step") != number:
            raise Finding(f"metrics.jsonl:{number} has step {record.get('step')}")
        records.append({key: value for key, value in record.items() if not key.startswith(("seconds/", "rate/"))})
    return records


def checkpoints(output):
    """Every published checkpoint's step, after comparing all of its bytes with its manifest."""
    folder = Path(output) / "checkpoints"
    steps = []
    for path in sorted(folder.glob("step-*")) if folder.exists() else []:
        step = int(path.name[5:])
        try:
            manifest = json.loads((path / "manifest.json").read_bytes())
        except (OSError, ValueError) as error:
            raise Finding(f"{path.name}/manifest.json: {error}")
        listed = {file["path"] for file in manifest["files"]}
        present = {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()} - {"manifest.json"}
        if manifest["step"] != step or listed != present:
            raise Finding(f"{path.name}: step {manifest['step']}, listed {listed}, present {present}")
        for file in manifest["files"]:
            data = (path / file["path"]).read_bytes()
            if len(data) != file["bytes"] or f"{zlib.crc32(data):08x}" != file["crc32"]:
                raise Finding(f"{path.name}/{file['path']} is not what its manifest says")
        steps.append(step)
    return steps


def database(output, scratch):
    """Contents of rollouts.sqlite as SQL, from a copy: what is examined is not changed by the examination."""
    source = Path(output) / "rollouts.sqlite"
    if not source.exists() or source.stat().st_size == 0 and not Path(f"{source}-wal").exists():
        return []
    shutil.rmtree(scratch, ignore_errors=True)
    Path(scratch).mkdir(parents=True)
    for part in ["", "-wal"]:
        if Path(f"{source}{part}").exists():
            shutil.copy(f"{source}{part}", scratch)
    connection = sqlite3.connect(Path(scratch) / "rollouts.sqlite")
    try:
        answer = connection.execute("PRAGMA integrity_check").fetchall()
        if answer != [("ok",)]:
            raise Finding(f"rollouts.sqlite: {answer[:3]}")
        if not connection.execute("SELECT name FROM sqlite_master").fetchall():
            return []
        if connection.execute("PRAGMA foreign_key_check").fetchall():
            raise Finding("rollouts.sqlite has completions without prompts")
        steps = connection.execute("SELECT * FROM steps ORDER BY step").fetchall()
        prompts = connection.execute(
            "SELECT step, position, problem, text, fields, tokens FROM prompts ORDER BY step, position").fetchall()
        completions = connection.execute(
            "SELECT step, prompts.position, completions.* FROM completions JOIN prompts ON prompts.id = prompt "
            "ORDER BY step, prompts.position, completions.position").fetchall()
        # row numbers depend on what was deleted in between
        return steps + prompts + [row[:2] + row[4:] for row in completions]
    except sqlite3.DatabaseError as error:
        raise Finding(f"rollouts.sqlite: {error}")
    finally:
        connection.close()


def differences(output, whole, scratch):
    """What sets a finished run apart from the undisturbed one, wall clock and row numbers aside."""
    found = []
    if metrics(output) != metrics(whole):
        found.append("metrics.jsonl")
    if database(output, scratch) != database(whole, scratch):
        found.append("rollouts.sqlite")
    if checkpoints(output) != checkpoints(whole):
        found.append(f"checkpoints {checkpoints(output)} instead of {checkpoints(whole)}")
    newest = f"step-{max(checkpoints(whole)):06}"
    for name in ["model.safetensors", "trainer.safetensors", "config.json", "tokenizer.json", "trainer.json"]:
        mine, other = (Path(folder) / "checkpoints" / newest / name for folder in (output, whole))
        if not mine.exists():
            found.append(f"{newest}/{name} is missing")
        elif name == "trainer.json":
            # it holds the configuration's text, in which the two folders differ by design
            pair = [json.loads(file.read_bytes()) for file in (mine, other)]
            for state in pair:
                state.pop("config")
            if pair[0] != pair[1]:
                found.append(f"{newest}/{name}")
        elif mine.read_bytes() != other.read_bytes():
            found.append(f"{newest}/{name}")
    leftovers = [path.name for path in (Path(output) / "checkpoints").iterdir() if path.name.startswith(".")]
    if leftovers:
        found.append(f"left over: {leftovers}")
    return found
