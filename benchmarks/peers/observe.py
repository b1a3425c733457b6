"""Runs a process that writes a line per step, and measures it from outside: wall, CPU, memory, and who else was busy."""

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


class Refusal(Exception):
    """One sentence for the person at the terminal."""


@dataclass
class Moment:
    """What the system's clocks said when a step's line was seen."""

    wall: float
    cpu: float
    busy: float


@dataclass
class Observation:
    """The measured steps of one process, warm-up left out."""

    lines: list[dict] = field(default_factory=list)
    # Seconds between lines.
    walls: list[float] = field(default_factory=list)
    cpu_per_step: float = 0.0
    # Cores that other processes kept busy meanwhile, and the load average at the end.
    other_cores: float = 0.0
    load: float = 0.0
    peak_bytes: int = 0


def process_cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def machine_busy() -> float:
    """Seconds of all cores not idle since start, stolen ones included."""
    user, nice, system, _, _, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICK


def process_peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def observe(command: list[str], lines: Path, log: Path, warmup: int, steps: int, environment: dict[str, str],
            folder: Path) -> Observation:
    """Runs `command` until it ends; it must write `warmup + steps` lines to `lines`."""
    moments: list[Moment] = []
    result = Observation()
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=folder)
        try:
            size = 0
            while process.poll() is None:
                time.sleep(0.005)
                if not lines.is_file() or lines.stat().st_size == size:
                    continue
                size = lines.stat().st_size
                try:
                    now = Moment(time.perf_counter(), process_cpu(process.pid), machine_busy())
                    result.peak_bytes = max(result.peak_bytes, process_peak(process.pid))
                except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
                    continue  # it has ended between the two looks
                moments += [now] * (lines.read_bytes().count(b"\n") - len(moments))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode != 0 or len(moments) < warmup + steps:
        tail = "\n".join(log.read_text().splitlines()[-5:])
        raise Refusal(f"{command[0]} ended with status {process.returncode} after {len(moments)} of "
                      f"{warmup + steps} steps; {log} has more:\n{tail}")
    first, last = moments[warmup - 1], moments[warmup + steps - 1]
    elapsed = last.wall - first.wall
    result.lines = [json.loads(line) for line in lines.read_text().splitlines()][warmup:warmup + steps]
    result.walls = [after.wall - before.wall for before, after in zip(moments[warmup - 1:], moments[warmup:])][:steps]
    result.cpu_per_step = (last.cpu - first.cpu) / steps
    result.other_cores = max(0.0, (last.busy - first.busy) - (last.cpu - first.cpu)) / elapsed
    result.load = os.getloadavg()[0]
    return result
