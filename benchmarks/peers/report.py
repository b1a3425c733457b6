"""Results as a text table: medians over rounds, and ratios round by round."""

import statistics

from sides import PHASES


def table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                       for column, (cell, width) in enumerate(zip(row, widths))) for row in [head, *rows]]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def median(runs: list[dict], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def ratios(over: list[dict], under: list[dict], key: str) -> str:
    """Median, least and greatest of the ratios of the same round."""
    values = sorted(a[key] / b[key] for a, b in zip(over, under, strict=True) if b[key])
    return f"{statistics.median(values):.2f} ({values[0]:.2f}-{values[-1]:.2f})" if values else "-"


def steps_text(name: str, result: dict) -> list[str]:
    shape, runs = result["shape"], result["runs"]
    rows = []
    for side, own in runs.items():
        spent = [statistics.median(run["phases"][phase] for run in own) for phase in PHASES]
        rows.append(
            [side, f"{median(own, 'wall'):.3f}", f"{min(run['wall'] for run in own):.3f}", f"{median(own, 'cpu'):.3f}"]
            + [f"{seconds:.3f}" for seconds in spent]
            + [f"{median(own, 'tokens_per_second'):.0f}", f"{median(own, 'peak_bytes') / 2**20:.0f}",
               f"{median(own, 'other_cores'):.2f}", f"{median(own, 'load'):.1f}",
               f"{own[-1]['rewards'][0]:.3f}-{own[-1]['rewards'][-1]:.3f}"])
    rounds = len(next(iter(runs.values())))
    lines = [
        f"Shape {name}: {shape['parameters'] / 1e6:.1f} M parameters, vocabulary {shape['vocabulary']}, "
        f"{shape['prompts']} prompts of {shape['prompt']} tokens x {shape['samples']} completions of "
        f"{shape['completion']}; {rounds} rounds of {shape['steps']} measured steps, float32 unless named",
        "",
        table(["seconds per step", "median", "best", "CPU", *PHASES, "tokens/s", "peak MiB", "others' cores", "load",
               "reward"], rows), ""]
    base = [side for side in runs if side.startswith("maxwell")]
    rows = [[f"{other} / {own}", ratios(runs[other], runs[own], "wall"), ratios(runs[other], runs[own], "cpu"),
             ratios(runs[other], runs[own], "peak_bytes")]
            for own in base for other in runs if other not in base]
    if rows:
        lines += [table(["ratio, round by round", "wall", "CPU", "peak memory"], rows), ""]
    return lines


def head_text(name: str, result: dict) -> list[str]:
    tokens, hidden, vocabulary = result["shape"]
    runs = result["runs"]
    base = [side for side in runs if side.startswith("maxwell")]
    rows = [[side, f"{median(own, 'forward') * 1e3:.1f}", f"{median(own, 'both') * 1e3:.1f}",
             f"{2 * tokens * hidden * vocabulary / median(own, 'forward') / 1e9:.0f}",
             f"{median(own, 'both_cpu') * 1e3:.0f}", f"{median(own, 'peak_bytes') / 2**20:.0f}",
             *(ratios(own, runs[side], key) for side in base for key in ["both", "both_cpu"])]
            for side, own in runs.items()]
    return [f"Head operator, shape {name}: {tokens} tokens, hidden {hidden}, vocabulary {vocabulary}", "",
            table(["milliseconds", "forward", "both", "forward GF/s", "both, CPU", "peak MiB",
                   *(f"{what} / {side}" for side in base for what in ["both", "CPU"])], rows), ""]


def text(results: dict) -> str:
    machine = results["machine"]
    lines = [f"{results['date']}  {machine['processor']}, {machine['cores']} cores, {machine['threads']} threads",
             ", ".join(f"{name} {version}" for name, version in results["versions"].items()), ""]
    for name, result in results["steps"].items():
        lines += steps_text(name, result)
    for name, result in results["head"].items():
        lines += head_text(name, result)
    return "\n".join(lines).rstrip()
