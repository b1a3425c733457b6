#!/usr/bin/env python3
# Lets a small run make ten thousand updates and watches what it occupies.
"""python3 tools/soak.py [--updates 10000] [--minutes 15] [--program .build/release/maxwell]

The resident size (anonymous pages) is read from /proc every second and kept in samples.tsv: update, KiB, open files.
Warm-up is the first tenth of the updates; the slope is that of the least-squares line through the samples after it. A run
that grows by more than --limit KiB per thousand updates, or opens more and more files, fails. Linux only."""

import argparse
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from smallrun import SmallRun, UPDATES_PER_STEP, add_arguments, checkpoints, metrics, workplace


def resident(pid):
    """KiB, without the pages of mapped files (the program and libtorch), which come and go with the page cache."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return None


def descriptors(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def updates_done(path, state={}):
    """Lines of a growing file, counted from where the last call stopped."""
    offset, count = state.get(path, (0, 0))
    try:
        with open(path, "rb") as stream:
            stream.seek(offset)
            data = stream.read()
    except OSError:
        return count
    state[path] = offset + len(data), count + data.count(b"\n")
    return state[path][1]


def slope(points):
    """Least squares, in units of y per unit of x."""
    mean_x, mean_y = (sum(point[i] for point in points) / len(points) for i in (0, 1))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def size(path):
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else (
        path.stat().st_size if path.exists() else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--updates", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=15, help="stop here and report what was seen")
    parser.add_argument("--limit", type=float, default=200, help="KiB of growth per thousand updates")
    arguments = parser.parse_args()
    folder = workplace(arguments, "soak")
    run = SmallRun(arguments.program, folder, arguments.seed, steps=arguments.updates // UPDATES_PER_STEP, every=50,
                   keep=2, prompts=2, completions=2)
    run.warm_start()
    output = run.folder / "run"
    shutil.rmtree(output, ignore_errors=True)
    samples, start = [], time.monotonic()
    with open(folder / "stderr", "wb") as stream:
        process = subprocess.Popen(run.command(output), env=run.environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=stream)
    while process.poll() is None and time.monotonic() - start < 60 * arguments.minutes:
        try:
            memory, files = resident(process.pid), descriptors(process.pid)
        except OSError:
            break
        if memory is not None:
            samples.append((updates_done(output / "metrics.jsonl"), memory, files))
        time.sleep(1)
    seconds = time.monotonic() - start
    is_whole = process.poll() is not None
    if not is_whole:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    done = len(metrics(output))
    (folder / "samples.tsv").write_text("".join(f"{a}\t{b}\t{c}\n" for a, b, c in samples))
    settled = [sample for sample in samples if sample[0] >= arguments.updates / 10]
    if len(settled) < 3:
        sys.exit(f"only {done} updates in {seconds:.0f} s: nothing to say about growth; give it more --minutes")
    growth = slope([(updates / 1000, memory) for updates, memory, _ in settled])
    print(f"{done} updates in {seconds:.0f} s ({done / seconds:.0f}/s), "
          f"{'to the end' if is_whole else 'stopped at the limit of time'}, {len(samples)} samples")
    print(f"resident (anonymous) after {settled[0][0]} updates: {settled[0][1]} KiB, at the end: {settled[-1][1]} KiB, "
          f"most: {max(memory for _, memory, _ in settled)} KiB")
    print(f"slope after warm-up: {growth:+.1f} KiB per thousand updates")
    print(f"open files after warm-up: {settled[0][2]}, at the end: {settled[-1][2]}")
    for name in ["metrics.jsonl", "rollouts.sqlite", "rollouts.sqlite-wal", "checkpoints"]:
        length = size(output / name)
        print(f"{name}: {length} bytes, {length / max(1, done):.0f} per update")
    print(f"checkpoints: {checkpoints(output)}")
    bad = growth > arguments.limit or settled[-1][2] > settled[0][2] + 2 or (is_whole and process.returncode != 0)
    if not bad and not arguments.folder:
        shutil.rmtree(folder)
    sys.exit(1 if bad else 0)


main()
