# Writes the fixture of Tests/VerifiersTests that says what the Math-Verify library makes of generated pairs of answers.
"""Fixture of Tests/VerifiersTests/MathVerifyTests.

    python3 -m venv throwaway && throwaway/bin/pip install math-verify==0.9.0
    throwaway/bin/python tools/reference/math_verify_pairs.py

Each generator below draws pairs (gold, answer, truth) of one kind; the truth is known by construction. Half of the pairs
of a kind are equal, half are near misses. The library reads both sides as `$...$` with its default settings; what it
says is recorded, not corrected. A pair that appears twice is kept once.
"""

import json
import math
import pathlib
import random
from fractions import Fraction
from importlib.metadata import version

from math_verify import parse, verify

SEED = 20261121
PER_KIND = 90
FILE = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "VerifiersTests" / "Fixtures" / "math-verify.json"


def nudge(rng, n):
    return n + rng.choice([-3, -2, -1, 1, 2, 3])


def fraction(rng, high=30):
    bottom = rng.randint(2, high)
    return Fraction(rng.choice([-1, 1]) * rng.randint(1, 3 * high), bottom)


def latex(value, command="frac"):
    if value.denominator == 1:
        return str(value.numerator)
    sign = "-" if value < 0 else ""
    return f"{sign}\\{command}{{{abs(value.numerator)}}}{{{value.denominator}}}"


def integers(rng, equal):
    n = rng.randint(-5000, 5000)
    shown = n if equal else nudge(rng, n)
    return str(n), rng.choice([f"{shown}", f"{shown}.0", f"{{{shown}}}", f" {shown} ", f"{shown}."])


def thousands(rng, equal):
    n = rng.randint(1000, 10**9)
    shown = n if equal else n + 10 ** rng.randint(0, 3)
    grouped = f"{shown:,}"
    forms = [grouped, grouped.replace(",", "{,}"), grouped.replace(",", "\\,"), grouped.replace(",", ",\\!")]
    return str(n), rng.choice(forms)


def fractions(rng, equal):
    value = fraction(rng)
    shown = value if equal else value + Fraction(1, rng.randint(2, 30))
    factor = rng.randint(2, 6)
    forms = [
        latex(shown, "dfrac"), latex(shown, "tfrac"), f"{shown.numerator}/{shown.denominator}",
        f"\\frac{{{shown.numerator * factor}}}{{{shown.denominator * factor}}}",
        f"\\frac{{{-shown.numerator}}}{{-{shown.denominator}}}",
    ]
    return latex(value), rng.choice(forms)


def mixed(rng, equal):
    bottom = rng.randint(2, 12)
    whole, top = rng.randint(1, 20), rng.randint(1, bottom - 1)
    value = whole + Fraction(top, bottom)
    shown = whole if equal else nudge(rng, whole) + 30
    return latex(value), f"{shown}\\frac{{{top}}}{{{bottom}}}"


def terminating(rng, equal):
    bottom = rng.choice([2, 4, 5, 8, 10, 20, 25, 40, 50, 100])
    value = Fraction(rng.randint(-400, 400), bottom)
    shown = value if equal else value + Fraction(rng.choice([-1, 1]), 100)
    decimal = f"{float(shown):.6f}".rstrip("0")
    return latex(value), decimal + ("0" if decimal.endswith(".") else "")


def rounded(rng, equal):
    value = rng.randint(10, 200) + Fraction(rng.randint(1, 6), rng.choice([7, 11, 13]))
    return latex(value), f"{float(value):.{9 if equal else 3}f}"


def roots(rng, equal):
    a, b = rng.randint(1, 12), rng.choice([2, 3, 5, 6, 7, 10, 11, 13])
    inner = a * a * b if equal else a * a * b + rng.choice([-1, 1])
    forms = [f"\\sqrt{{{inner}}}", f"{inner}^{{1/2}}", f"{inner}^{{\\frac{{1}}{{2}}}}"]
    return f"{a}\\sqrt{{{b}}}", rng.choice(forms)


def rationalised(rng, equal):
    a, b = rng.randint(1, 20), rng.choice([2, 3, 5, 7])
    top = a if equal else a + 1
    return f"\\frac{{{a}}}{{\\sqrt{{{b}}}}}", f"\\frac{{{top}\\sqrt{{{b}}}}}{{{b}}}"


def surd_sums(rng, equal):
    a, b, c = rng.randint(-9, 9), rng.randint(1, 9), rng.choice([2, 3, 5, 7])
    other = b if equal else -b
    sign = "+" if other > 0 else "-"
    return f"{a}+{b}\\sqrt{{{c}}}", f"{sign if sign == '-' else ''}{abs(other)}\\sqrt{{{c}}}{'+' if a >= 0 else '-'}{abs(a)}"


def powers(rng, equal):
    base, exponent = rng.randint(2, 12), rng.randint(2, 20)
    value = base**exponent + (0 if equal else rng.choice([-1, 1]))
    return f"{base}^{{{exponent}}}", str(value)


def cube_roots(rng, equal):
    a, b = rng.randint(2, 9), rng.choice([2, 3, 5, 7])
    inner = a**3 * b + (0 if equal else 1)
    return f"{a}\\sqrt[3]{{{b}}}", f"\\sqrt[3]{{{inner}}}"


def multiples_of_pi(rng, equal):
    value = fraction(rng, 12)
    shown = value if equal else value + 1
    forms = [f"\\frac{{{shown.numerator}\\pi}}{{{shown.denominator}}}", f"{latex(shown)}\\pi", f"\\pi \\cdot {latex(shown)}"]
    return f"{latex(value)}\\pi", rng.choice(forms)


def percentages(rng, equal):
    n = rng.randint(1, 99)
    shown = n if equal else nudge(rng, n)
    forms = [f"{shown}\\%", f"{shown}", f"\\frac{{{shown}}}{{100}}", f"{shown / 100}"]
    return f"{n}\\%", rng.choice(forms)


def units(rng, equal):
    n = rng.randint(2, 400)
    shown = n if equal else nudge(rng, n)
    unit = rng.choice(["cm", "meters", "square units", "cm}^2\\text{", "hours", "dollars", "miles"])
    return str(n), f"{shown}\\text{{ {unit}}}"


def degrees(rng, equal):
    n = rng.randint(1, 359)
    shown = n if equal else nudge(rng, n)
    return rng.choice([f"{n}", f"{n}^\\circ"]), rng.choice([f"{shown}^\\circ", f"{shown}^{{\\circ}}"])


def named(rng, equal):
    value = fraction(rng)
    shown = value if equal else value + 1
    letter = rng.choice(["x", "n", "k", "a", "m"])
    forms = [f"{letter}={latex(shown)}", f"{letter} = {shown.numerator}/{shown.denominator}"]
    return rng.choice([latex(value), f"{letter}={latex(value)}"]), rng.choice(forms)


def sets(rng, equal):
    items = rng.sample(range(-20, 20), rng.randint(2, 5))
    shown = list(items)
    if not equal:
        shown[0] = rng.choice([n for n in range(-30, 30) if n not in items])
    rng.shuffle(shown)
    gold = ", ".join(map(str, items))
    text = ",".join(map(str, shown))
    return rng.choice([f"\\{{{gold}\\}}", gold]), rng.choice([f"\\{{{text}\\}}", text.replace(",", ", ")])


def tuples(rng, equal):
    items = [fraction(rng, 6) for _ in range(rng.randint(2, 4))]
    shown = list(items)
    if not equal:
        shown[rng.randrange(len(shown))] += 1
    return f"({', '.join(latex(item) for item in items)})", f"\\left({','.join(latex(item, 'dfrac') for item in shown)}\\right)"


def intervals(rng, equal):
    low = rng.randint(-30, 20)
    high = low + rng.randint(1, 40)
    brackets = rng.choice(["()", "[]", "[)", "(]"])
    ends = [str(low), str(high)]
    if rng.random() < 0.3:
        ends[1], brackets = "\\infty", brackets[0] + ")"
    shown, other = list(ends), brackets
    if not equal and rng.random() < 0.5:
        shown[0] = str(nudge(rng, low) - 10)
    elif not equal:
        other = {"(": "[", "[": "("}[brackets[0]] + brackets[1]
    return f"{brackets[0]}{', '.join(ends)}{brackets[1]}", f"\\left{other[0]}{','.join(shown)}\\right{other[1]}"


def unions(rng, equal):
    a, b, c = sorted(rng.sample(range(-20, 20), 3))
    last = c if equal else c + 1
    return f"(-\\infty, {a}) \\cup [{b}, {c}]", rng.choice(
        [f"[{b},{last}] \\cup (-\\infty,{a})", f"(-\\infty,{a})\\cup[{b},{last}]"])


def inequalities(rng, equal):
    low = rng.randint(-20, 20)
    high = low + rng.randint(1, 20)
    shown = high if equal else high + 1
    return f"[{low}, {high})", rng.choice([f"{low} \\le x < {shown}", f"{shown} > x \\ge {low}"])


def plus_minus(rng, equal):
    a, b = rng.randint(-9, 9), rng.choice([2, 3, 5, 7])
    other = a if equal else a + 1
    return f"{a} \\pm \\sqrt{{{b}}}", rng.choice(
        [f"{other}+\\sqrt{{{b}}}, {other}-\\sqrt{{{b}}}", f"\\{{{other}-\\sqrt{{{b}}},{other}+\\sqrt{{{b}}}\\}}"])


def matrices(rng, equal):
    rows, columns = rng.randint(1, 3), rng.randint(2, 3)
    items = [[rng.randint(-9, 9) for _ in range(columns)] for _ in range(rows)]
    shown = [list(row) for row in items]
    if not equal:
        shown[rng.randrange(rows)][rng.randrange(columns)] += 1
    body = lambda table: r" \\ ".join(" & ".join(map(str, row)) for row in table)
    return (f"\\begin{{pmatrix}} {body(items)} \\end{{pmatrix}}",
            rng.choice(["\\begin{{bmatrix}} {} \\end{{bmatrix}}", "\\begin{{pmatrix}}{}\\end{{pmatrix}}"]).format(body(shown)))


def complex_numbers(rng, equal):
    a, b = rng.randint(-9, 9), rng.randint(1, 9)
    shown = b if equal else -b
    return f"{a}+{b}i", f"{shown}i{'+' if a >= 0 else '-'}{abs(a)}"


def factored(rng, equal):
    a, b = rng.randint(-9, 9), rng.randint(-9, 9)
    middle, last = a + b, a * b + (0 if equal else 1)
    sign = lambda n: f"+{n}" if n >= 0 else str(n)
    return f"(x{sign(a)})(x{sign(b)})", f"x^2{sign(middle)}x{sign(last)}"


def rational_functions(rng, equal):
    a = rng.randint(1, 9)
    shown = a if equal else a + 1
    return f"\\frac{{1}}{{x}}+\\frac{{1}}{{x+{a}}}", f"\\frac{{2x+{shown}}}{{x(x+{a})}}"


def two_letters(rng, equal):
    a, b = rng.randint(2, 9), rng.randint(2, 9)
    shown = 2 * a * b if equal else a * b
    return f"({a}x+{b}y)^2", f"{a * a}x^2+{shown}xy+{b * b}y^2"


def logarithms(rng, equal):
    base, power = rng.choice([2, 3, 5, 10]), rng.randint(1, 6)
    shown = power if equal else power + 1
    return str(shown), f"\\log_{{{base}}} {base**power}"


def trigonometry(rng, equal):
    text, value = rng.choice([
        ("\\sin \\frac{\\pi}{6}", "\\frac{1}{2}"), ("\\cos \\frac{\\pi}{6}", "\\frac{\\sqrt{3}}{2}"),
        ("\\tan \\frac{\\pi}{4}", "1"), ("\\cos \\pi", "-1"), ("\\sin \\frac{\\pi}{3}", "\\frac{\\sqrt{3}}{2}")])
    factor = rng.randint(2, 40)
    return f"{factor if equal else factor + 1} \\cdot {value}", f"{factor}{text}"


def factorials(rng, equal):
    n = rng.randint(3, 15)
    return f"{n}!", str(math.factorial(n) + (0 if equal else n))


def binomials(rng, equal):
    n = rng.randint(4, 30)
    k = rng.randint(1, n - 1)
    return f"\\binom{{{n}}}{{{k}}}", str(math.comb(n, k) + (0 if equal else 1))


def scientific(rng, equal):
    digits, power = rng.randint(11, 99) / 10, rng.randint(2, 7)
    value = round(digits * 10**power)
    return str(value if equal else value * 10), f"{digits} \\times 10^{{{power}}}"


def equations(rng, equal):
    m, b = rng.randint(2, 9), rng.randint(1, 9)
    shown = b if equal else b + 1
    return f"y = {m}x+{b}", rng.choice([f"{m}x+{shown}", f"y={shown}+{m}x", f"y-{m}x={shown}"])


def letters(rng, equal):
    gold = rng.choice("ABCDE")
    shown = gold if equal else rng.choice([letter for letter in "ABCDE" if letter != gold])
    return gold, rng.choice([f"\\text{{{shown}}}", f"\\text{{({shown})}}", f"({shown})", f"\\textbf{{{shown}}}"])


def words(rng, equal):
    names = ["Monday", "Tuesday", "even", "odd", "Alice", "Robert", "hyperbola", "parabola"]
    gold = rng.choice(names)
    shown = gold if equal else rng.choice([name for name in names if name != gold])
    return f"\\text{{{gold}}}", rng.choice([f"\\text{{{shown}}}", f"\\text{{ {shown} }}", f"\\text{{{shown.lower()}}}"])


KINDS = [
    integers, thousands, fractions, mixed, terminating, rounded, roots, rationalised, surd_sums, powers, cube_roots,
    multiples_of_pi, percentages, units, degrees, named, sets, tuples, intervals, unions, inequalities, plus_minus,
    matrices, complex_numbers, factored, rational_functions, two_letters, logarithms, trigonometry, factorials,
    binomials, scientific, equations, letters, words,
]


def main():
    pairs, seen = [], set()
    for kind in KINDS:
        for index in range(PER_KIND):
            rng = random.Random(f"{SEED}/{kind.__name__}/{index}")
            equal = index % 2 == 0
            gold, answer = kind(rng, equal)
            if (gold, answer) in seen:
                continue
            seen.add((gold, answer))
            said = verify(parse(f"${gold}$"), parse(f"${answer}$"))
            pairs.append([kind.__name__, gold, answer, int(equal), int(bool(said))])
    header = {
        "script": "tools/reference/math_verify_pairs.py", "seed": SEED,
        "versions": {name: version(name) for name in ["math-verify", "latex2sympy2_extended", "sympy"]},
        "columns": ["kind", "gold", "answer", "equal by construction", "equal for Math-Verify"],
    }
    rows = ",\n".join(json.dumps(pair, ensure_ascii=False) for pair in pairs)
    FILE.write_text(json.dumps(header, indent=1)[:-2] + ',\n "pairs": [\n' + rows + "\n]}\n")
    wrong = sum(pair[3] != pair[4] for pair in pairs)
    print(f"{len(pairs)} pairs; Math-Verify differs from the truth by construction on {wrong}")


main()
