#!/usr/bin/env python3
# Lets every single system call with which a training run writes fail once, and checks that the run ends well and resumes.
"""python3 tools/faults.py [--program .build/release/maxwell] [--part K/N] [--all]

A first run counts the calls that write below the run folder (open for writing, write, fsync, rename, mkdir, ftruncate,
SQLite's among them). Then the run is made once per call, which fails with ENOSPC, EIO or (where a name is looked up)
EACCES, alone or with all calls after it; the kinds take turns, --all tries each at every call. Each run must end with one
sentence and a status, leave nothing damaged, and end as the undisturbed run when it is resumed; or not mind, and end as
the undisturbed run at once. Linux only; needs a C compiler."""

import argparse
import errno
import re
import shutil
import subprocess
import sys
from collections import Counter

from smallrun import Finding, ROOT, SmallRun, add_arguments, checkpoints, database, differences, metrics, workplace

STEPS, EVERY, KEEP = 2, 1, 1
NAMED = ("open", "open64", "openat", "openat64", "fopen", "fopen64", "rename", "renameat", "mkdir")
FORBIDDEN = ("fatal error", "backtrace", "thread 0", "c10::", "exception", "optional(")


class Faults:
    def __init__(self, run, library):
        self.run, self.library = run, library
        self.output = run.folder / "run"
        self.scratch = run.folder / "scratch"

    def start(self, resume=False, **settings):
        environment = self.run.environment()
        if settings:
            environment.update(LD_PRELOAD=str(self.library), FAULT_FOLDER=str(self.output),
                               **{name: str(value) for name, value in settings.items()})
        try:
            result = subprocess.run(self.run.command(self.output, resume), env=environment, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300)
        except subprocess.TimeoutExpired:
            raise Finding("no end after 300 seconds")
        return result.returncode, [line for line in result.stderr.decode(errors="replace").splitlines()
                                   if not line.startswith("clip_v: ")]

    def calls(self):
        """Function and file of each call that counts, in order."""
        log = self.run.folder / "calls"
        log.unlink(missing_ok=True)
        shutil.rmtree(self.output, ignore_errors=True)
        status, complaints = self.start(FAULT_AT=0, FAULT_LOG=log)
        if status or complaints:
            raise SystemExit(f"the run without faults ended with {status}: {complaints}")
        found = []
        for line in log.read_text().splitlines():
            _, function, path = line.split(" ", 2)
            name = path[len(str(self.output)):].lstrip("/") or "(run folder)"
            found.append((function, re.sub(r"-\d+$|-\d+-\d+$|\.nosync.*", "", re.sub(r"-\d+(?=/)", "", name))))
        return found

    def attempt(self, number, kind, stays):
        """One run with one fault; returns "refused" or "unharmed"."""
        shutil.rmtree(self.output, ignore_errors=True)
        status, complaints = self.start(
            FAULT_AT=number, FAULT_ERRNO=getattr(errno, kind), FAULT_STAYS=int(stays))
        if status == 0:
            different = differences(self.output, self.run.whole(), self.scratch)
            if different or complaints:
                raise Finding(f"status 0, but {different or complaints}")
            return "unharmed"
        if status < 0:
            raise Finding(f"signal {-status}: {complaints}")
        if len(complaints) != 1 or not complaints[0].startswith("Error: "):
            raise Finding(f"not one sentence: {complaints}")
        if any(word in complaints[0].lower() for word in FORBIDDEN):
            raise Finding(f"not a sentence for people: {complaints}")
        steps, records = checkpoints(self.output), metrics(self.output)
        database(self.output, self.scratch)
        if len(records) < 2 * max(steps, default=0):
            raise Finding(f"checkpoint {max(steps)} claims more than {len(records)} updates")
        status, after = self.start(resume=(self.output / "config.yaml").exists())
        if status or after:
            raise Finding(f"refused with {complaints}, and resuming ended with {status}: {after}")
        different = differences(self.output, self.run.whole(), self.scratch)
        if different:
            raise Finding(f"refused with {complaints}, and the resumed run differs: {different}")
        return "refused"


def plan(calls, everything, part, parts):
    """(number, kind, stays) of each run to make: the kinds take turns, or all at every call."""
    for number, (function, _) in enumerate(calls, 1):
        if number % parts != part % parts:
            continue
        kinds = ["ENOSPC", "EIO"] + (["EACCES"] if function in NAMED else [])
        tries = [(kind, False) for kind in kinds] + [(kind, True) for kind in kinds]
        for kind, stays in tries if everything else [tries[number // parts % len(tries)]]:
            yield number, kind, stays


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--part", default="1/1", help="K/N: this process takes the K-th of N shares of the calls")
    parser.add_argument("--all", action="store_true", help="every kind at every call")
    arguments = parser.parse_args()
    folder = workplace(arguments, "faults")
    library = folder / "libfaults.so"
    subprocess.run(["cc", "-std=c11", "-O2", "-fPIC", "-shared", "-o", str(library), str(ROOT / "tools/faults.c"), "-ldl"],
                   check=True)
    run = SmallRun(arguments.program, folder, arguments.seed, STEPS, EVERY, KEEP)
    run.warm_start()
    run.whole()
    faults = Faults(run, library)
    calls = faults.calls()
    print(f"{len(calls)} calls write below the run folder of {STEPS} steps", file=sys.stderr)
    table, unharmed, findings = Counter(), Counter(), []
    for number, kind, stays in plan(calls, arguments.all, *map(int, arguments.part.split("/"))):
        function, name = calls[number - 1]
        label = f"call {number} ({function} {name}), {kind}{' from then on' if stays else ''}"
        try:
            result = faults.attempt(number, kind, stays)
            if result == "unharmed":
                unharmed[f"{function} {name}"] += 1
        except Finding as finding:
            result = "violation"
            findings.append(f"{label}: {finding}")
            shutil.copytree(faults.output, folder / f"found-{len(findings)}", dirs_exist_ok=True)
        table[kind + (", stays" if stays else ""), result] += 1
        print(f"{label}: {result}", file=sys.stderr, flush=True)
    kinds = sorted({kind for kind, _ in table})
    print(f"{'fault':<18}{'runs':>6}{'refused':>10}{'unharmed':>10}{'violations':>12}")
    for kind in kinds + ["together"]:
        counts = [sum(count for (other, result), count in table.items() if kind in (other, "together") and result == one)
                  for one in ("refused", "unharmed", "violation")]
        print(f"{kind:<18}{sum(counts):>6}{counts[0]:>10}{counts[1]:>10}{counts[2]:>12}")
    for call, count in sorted(unharmed.items()):
        print(f"unharmed by a failing {call}: {count}")
    for finding in findings:
        print(f"FOUND {finding}")
    if not findings and not arguments.folder:
        shutil.rmtree(folder)
    sys.exit(1 if findings else 0)


main()
