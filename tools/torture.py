#!/usr/bin/env python3
# Kills small training runs at random moments, resumes them, and compares each with a run that nobody disturbed.
"""python3 tools/torture.py [--kills 200] [--seed 1] [--program .build/release/maxwell]

A phase and a moment are drawn for each kill; the process is stopped (SIGSTOP) there, what it is doing is read from
/proc and from its files, and only then it is killed (SIGKILL), so that the table says what a kill really met.
Linux only."""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from smallrun import (Finding, SmallRun, UPDATES_PER_STEP, add_arguments, checkpoints, database, differences, metrics,
                      workplace)

PHASES = ["start", "rollout", "sqlite", "update", "checkpoint"]
STEPS, EVERY, KEEP = 120, 3, 2


def lines(output):
    try:
        return (output / "metrics.jsonl").read_bytes().count(b"\n")
    except OSError:
        return 0


def stamp(path):
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def is_writing_database(pid, output):
    """Whether the process holds SQLite's lock for writers: byte 120 of the shared memory file (WAL mode)."""
    try:
        inode = (output / "rollouts.sqlite-shm").stat().st_ino
        with open("/proc/locks") as locks:
            for line in locks:
                words = line.split()
                if len(words) > 7 and words[4] == str(pid) and words[5].endswith(f":{inode}") and words[6] == "120":
                    return True
    except OSError:
        pass
    return False


def has_opened_database(pid):
    try:
        folder = f"/proc/{pid}/fd"
        return any(os.readlink(f"{folder}/{name}").endswith("rollouts.sqlite") for name in os.listdir(folder))
    except OSError:
        return False


def is_updating(output):
    """Between the storing of a step's rollouts and its last metrics line lie its updates."""
    is_later = stamp(output / "rollouts.sqlite-wal") > stamp(output / "metrics.jsonl")
    return is_later or lines(output) % UPDATES_PER_STEP > 0


def phase(pid, output):
    """What a stopped process is in the middle of."""
    folder = output / "checkpoints"
    names = os.listdir(folder) if folder.exists() else []
    if is_writing_database(pid, output):
        return "sqlite"
    if not has_opened_database(pid):
        return "start"
    if any(name.startswith((".tmp-step", ".replaced-", ".tmp-removed")) for name in names):
        return "checkpoint"
    return "update" if is_updating(output) else "rollout"


def is_stopped(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "TZX"
    except OSError:
        return True


def looks_ripe(pid, wanted, output):
    """A cheap look at the running process; what it shows may be over when the process stands still."""
    if wanted == "sqlite":
        return is_writing_database(pid, output)
    if wanted == "start":
        return True
    try:
        is_saving = any(name.startswith(".tmp-step") for name in os.listdir(output / "checkpoints"))
    except OSError:
        is_saving = False
    return is_saving if wanted == "checkpoint" else not is_saving and is_updating(output) == (wanted == "update")


def kill_in(process, wanted, output, patience):
    """Kills the process in the phase wanted, or in whatever phase it is when patience ends; None if it ended first."""
    deadline = time.monotonic() + patience
    while process.poll() is None:
        if time.monotonic() < deadline and not looks_ripe(process.pid, wanted, output):
            time.sleep(0.0003 if wanted == "sqlite" else 0.001)
            continue
        process.send_signal(signal.SIGSTOP)
        while not is_stopped(process.pid):
            time.sleep(0.0001)
        if process.poll() is not None:
            return None
        met = phase(process.pid, output)
        if met == wanted or time.monotonic() >= deadline:
            process.kill()
            process.wait()
            return met
        process.send_signal(signal.SIGCONT)
        time.sleep(random.random() * 0.002)
    return None


def examine(output, expected, scratch):
    """Everything a kill leaves must be readable; returns how many updates are lost."""
    steps = checkpoints(output)
    records = metrics(output)
    rows = database(output, scratch)
    if records != expected[:len(records)]:
        first = next(i for i, (a, b) in enumerate(zip(records, expected)) if a != b)
        raise Finding(f"the metrics of update {first + 1} are not those of the undisturbed run")
    newest = max(steps, default=0)
    lost = len(records) - newest * UPDATES_PER_STEP
    if not 0 <= lost <= EVERY * UPDATES_PER_STEP:
        raise Finding(f"{len(records)} updates are recorded, the newest checkpoint has {newest * UPDATES_PER_STEP}")
    # retention ends after the new checkpoint has appeared, so a kill may leave one more
    if len(steps) > KEEP + 1:
        raise Finding(f"{len(steps)} checkpoints are kept")
    stored = [row[0] for row in rows if len(row) == 4]
    if newest and (stored != list(range(1, len(stored) + 1)) or len(stored) < newest):
        raise Finding(f"checkpoint {newest}, but the database holds the steps {stored}")
    return lost


def torture(run, kills, draw, table, log):
    """Kills one run until it ends or `kills` are made; returns the number made and the differences at its end."""
    run.warm_start()
    expected = metrics(run.whole())
    output, scratch, errors = run.folder / "run", run.folder / "scratch", run.folder / "stderr"
    shutil.rmtree(output, ignore_errors=True)
    made, reached = 0, 0
    while True:
        resume = (output / "config.yaml").exists()
        with open(errors, "wb") as stream:
            process = subprocess.Popen(run.command(output, resume), env=run.environment(), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=stream)
        met = None
        if made < kills:
            wanted = draw.choice(PHASES)
            if wanted == "start":
                time.sleep(draw.random() * 0.3)
            else:
                # further than the kill before, so that every attempt gets on
                goal = max(reached, lines(output)) + draw.randrange(UPDATES_PER_STEP * EVERY)
                while process.poll() is None and lines(output) < goal:
                    time.sleep(0.005)
                time.sleep(draw.random() * 0.02)
            met = kill_in(process, wanted, output, patience=1.0 if wanted == "start" else 20.0)
        process.wait()
        complaints = [line for line in errors.read_text().splitlines() if not line.startswith("clip_v: ")]
        if complaints:
            raise Finding(f"stderr: {complaints}")
        if met is None:
            if process.returncode:
                raise Finding(f"exit status {process.returncode}")
            return made, differences(output, run.whole(), scratch)
        made += 1
        reached = lines(output)
        lost = examine(output, expected, scratch)
        table[met].append(lost)
        log(f"kill {sum(map(len, table.values()))}: {met}, after update {reached}, {lost} to be repeated")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--quiet", action="store_true")
    arguments = parser.parse_args()
    folder = workplace(arguments, "torture")
    table = {name: [] for name in PHASES}
    done = runs = 0
    findings = []

    def log(text):
        if not arguments.quiet:
            print(text, file=sys.stderr, flush=True)

    while done < arguments.kills and not findings:
        seed = arguments.seed + runs
        run = SmallRun(arguments.program, folder / f"seed-{seed}", seed, STEPS, EVERY, KEEP)
        random.seed(seed)
        try:
            made, different = torture(run, arguments.kills - done, random.Random(seed), table, log)
            findings += [f"seed {seed}: {text} differs" for text in different]
            done += made
            log(f"seed {seed}: ended after {made} kills, {'different' if different else 'equal to the undisturbed run'}")
        except Finding as finding:
            findings.append(f"seed {seed}, {run.folder}: {finding}")
        runs += 1
    print(f"{'phase':<12}{'kills':>6}{'updates lost, mean':>20}{'most':>6}")
    for name, lost in table.items():
        print(f"{name:<12}{len(lost):>6}{sum(lost) / max(1, len(lost)):>20.1f}{max(lost, default=0):>6}")
    everything = [value for lost in table.values() for value in lost]
    print(f"{'together':<12}{len(everything):>6}{sum(everything) / max(1, len(everything)):>20.1f}"
          f"{max(everything, default=0):>6}  (a checkpoint every {EVERY * UPDATES_PER_STEP} updates)")
    print(f"{runs} runs of {STEPS * UPDATES_PER_STEP} updates; differences from the undisturbed runs: {len(findings)}")
    for finding in findings:
        print(f"FOUND {finding}")
    if not findings and not arguments.folder:
        shutil.rmtree(folder)
    sys.exit(1 if findings else 0)


main()
