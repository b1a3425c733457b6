#!/usr/bin/env python3
# Reference numbers for EntropyDynamics: float64 numpy, written as definitions, not as the Swift code computes them.
"""Writes Tests/EntropyDynamicsTests/Fixtures/entropy_dynamics.json.

Run from anywhere:  python3 tools/reference/entropy_dynamics.py

Each case is one row of logits with a temperature, one token k, a single-logit displacement epsilon and a
policy-gradient step alpha (both in raw logits). Gradients are complex-step derivatives of the definitions, so they
share no formula with the code under test. Worked vectors of the quantities of arXiv 2602.03392 are checked before
anything is written.
"""
import json
import math
import pathlib
import platform

import numpy as np

SEED = 20260203
CASES = 48
ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "Tests" / "EntropyDynamicsTests" / "Fixtures" / "entropy_dynamics.json"


def log_softmax(z, temperature=1.0):
    z = np.asarray(z) / temperature
    u = z - z.real.max()
    return u - np.log(np.exp(u).sum())


def statistics(z, k, temperature=1.0):
    """All statistics from their definitions; works for complex z too (complex-step derivatives)."""
    log_p = log_softmax(z, temperature)
    p = np.exp(log_p)
    entropy = -(p * log_p).sum()
    s = p * (entropy + log_p)
    expected = (p * s).sum()
    return {
        "logprob": log_p[k],
        "entropy": entropy,
        "discriminant": s[k],
        "expected_discriminant": expected,
        "variance_discriminant": (p * (s - expected) ** 2).sum(),
        "collision": (p * p).sum(),
        "squared_discriminant": (s * s).sum(),
        "varentropy": (p * (log_p + entropy) ** 2).sum(),
    }


def gradients(z, k, temperature):
    h = 1e-30
    names = ("logprob", "entropy", "discriminant", "expected_discriminant", "variance_discriminant")
    rows = {name: [] for name in names}
    for i in range(len(z)):
        moved = np.asarray(z, dtype=complex)
        moved[i] += 1j * h
        at = statistics(moved, k, temperature)
        for name in names:
            rows[name].append(float(at[name].imag / h))
    return rows


def entropy_of(z, temperature=1.0):
    return float(statistics(np.asarray(z, float), 0, temperature)["entropy"])


def lambert_w0(x):
    """Bisection on w e^w = x for x >= 0: slow and beyond doubt."""
    low, high = 0.0, max(1.0, math.log1p(x) + 1)
    for _ in range(200):
        mid = 0.5 * (low + high)
        low, high = (mid, high) if mid * math.exp(mid) < x else (low, mid)
    return 0.5 * (low + high)


def case(z, k, temperature, epsilon, alpha):
    z = np.asarray(z, float)
    at = {name: float(value) for name, value in statistics(z, k, temperature).items()}
    p = np.exp(log_softmax(z, temperature))
    bumped = z.copy()
    bumped[k] += epsilon
    direction = -p / temperature
    direction[k] += 1 / temperature
    bonus = -p * (at["entropy"] + np.log(p)) / temperature
    h0 = at["entropy"]
    return {
        "logits": z.tolist(),
        "token": k,
        "temperature": temperature,
        **at,
        "critical_probability": math.exp(-h0),
        "break_even_probability": math.exp(
            -h0 + lambert_w0(max(0.0, at["expected_discriminant"]) * math.exp(h0))),
        "epsilon": epsilon,
        "bump_exact": entropy_of(bumped, temperature) - h0,
        "alpha": alpha,
        "step_exact": entropy_of(z + alpha * direction, temperature) - h0,
        "step_first_order": -alpha / temperature**2 * (at["discriminant"] - at["expected_discriminant"]),
        "bonus_exact": entropy_of(z + alpha * bonus, temperature) - h0,
        "gradients": gradients(z, k, temperature),
    }


# The digits printed in the worked examples: z, then (k, step, exact, first order, second order).
BUMPS = {
    "logits": [2.0, 1.0, 0.0, -1.0],
    "entropy": 0.9475369639754255,
    "expected_discriminant": 0.1688174607276175,
    "discriminants": [0.3266881389153907, -0.11670096810837767, -0.13007620567390885, -0.07991096513310417],
    "rows": [
        [0, 0.01, -0.003273601820227068, -0.003266881389153907, -0.0032736443152713334],
        [0, -0.01, 0.003260076046128324, 0.003266881389153907, 0.003260118463036481],
        [0, 0.1, -0.03330230941516088, -0.03266881389153908, -0.033345106503281687],
        [1, 0.01, 0.0011610084513532515, 0.0011670096810837767, 0.0011610418166400776],
        [2, 0.01, 0.0013021442040620501, 0.0013007620567390885, 0.0013021548174673328],
        [3, 0.1, 0.008210912100906964, 0.007991096513310416, 0.008209878753507554],
    ],
}
STEPS = {
    "logits": [1.5, 0.3, -0.2, 0.0, -2.0],
    "entropy": 1.1926056292069398,
    "expected_discriminant": 0.1685893225691132,
    "break_even_probability": 0.4436882335371887,
    "collision": 0.3892763541614833,
    "squared_discriminant": 0.17236004361742716,
    "discriminants": [
        0.3685966051160894, -0.09703515092016407, -0.11143451113600686, -0.11041801469275253, -0.04970892836716626],
    "rows": [
        [0, 0.05, -0.010078527246288882, -0.01000036412734881, -0.010079460189212238],
        [0, -0.05, 0.009920347486711112, 0.01000036412734881, 0.009921268065485381],
        [0, 0.005, -0.0010008264458862826, -0.001000036412734881, -0.0010008273733535151],
        [1, 0.05, 0.013017397278544562, 0.013281223674463863, 0.013026278418925074],
        [1, -0.05, -0.013527380449032123, -0.013281223674463863, -0.013536168930002652],
        [4, 0.05, 0.010935361073976857, 0.010914912546813973, 0.010935515012585757],
    ],
    "curvatures": [[0, -0.031638424745370965], [1, -0.1019781022155158], [4, 0.008240986308713172]],
    "sampler": [0.3, 0.25, 0.2, 0.15, 0.1],
    "unweighted_deviation": -0.12608962603215826,
    "advantages": [1.0, -0.5, 0.25, -1.0, 2.0],
    "covariance": 0.159043670582993,
}


def check(actual, printed, what):
    if abs(actual - printed) > 1e-13:
        raise SystemExit(f"{what}: {actual!r} where the worked example prints {printed!r}")


def check_worked_examples():
    for worked, is_step in ((BUMPS, False), (STEPS, True)):
        z = np.asarray(worked["logits"])
        for k, printed in enumerate(worked["discriminants"]):
            check(float(statistics(z, k)["discriminant"]), printed, f"S_{k}")
        check(entropy_of(z), worked["entropy"], "H")
        for k, step, exact, first, _ in worked["rows"]:
            made = case(z.tolist(), k, 1.0, step, step)
            check(made["step_exact" if is_step else "bump_exact"], exact, f"exact change, k={k}, step={step}")
            check(made["step_first_order"] if is_step else -step * made["discriminant"], first, f"first order, k={k}")


def main():
    check_worked_examples()
    random = np.random.default_rng(SEED)
    cases = []
    for number in range(CASES):
        size = int(random.integers(2, 24))
        spread = float(random.choice([0.1, 1.0, 3.0, 8.0]))
        cases.append(case(
            (random.normal(size=size) * spread + random.normal() * 5).tolist(), int(random.integers(size)),
            1.0 if number % 3 else float(random.uniform(0.4, 2.0)),
            float(random.normal()), float(random.normal() * 0.3)))
    header = {
        "script": "tools/reference/entropy_dynamics.py", "seed": SEED,
        "python": platform.python_version(), "numpy": np.__version__,
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"header": header, "bumps": BUMPS, "steps": STEPS, "cases": cases}, indent=1) + "\n")
    print(f"wrote {OUT.relative_to(ROOT)}: {len(cases)} cases")


if __name__ == "__main__":
    main()
