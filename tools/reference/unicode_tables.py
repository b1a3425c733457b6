# Writes Sources/Tokenizers/UnicodeTables.swift: the character classes and the NFC data that `tokenizers` itself uses.
"""The Unicode data of Sources/Tokenizers, asked of the `tokenizers` library scalar by scalar.

    pip install tokenizers
    python tools/reference/unicode_tables.py

The library's regex engine and its normaliser follow two different Unicode versions, and neither is the version of the
Swift standard library or of Python's unicodedata. So nothing is taken from those: every value below is observed.
"""

import pathlib
import unicodedata

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

TARGET = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "Tokenizers" / "UnicodeTables.swift"
SCALARS = [scalar for scalar in range(0x110000) if not 0xD800 <= scalar < 0xE000]
CHUNK = 4096
LETTER, NUMBER, SPACE = 1, 2, 3


def chunks():
    return (SCALARS[start:start + CHUNK] for start in range(0, len(SCALARS), CHUNK))


def matching(pattern: str) -> set[int]:
    split = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
    found: set[int] = set()
    for chunk in chunks():
        for piece, _ in split.pre_tokenize_str("".join(map(chr, chunk))):
            found.update(map(ord, piece))
    return found


def class_runs() -> list[int]:
    """(first scalar of a run << 8 | class), a run reaching to the next one."""
    letters, numbers, spaces = matching(r"\p{L}"), matching(r"\p{N}"), matching(r"\s")
    assert not letters & numbers and not letters & spaces and not numbers & spaces
    value = {scalar: LETTER for scalar in letters}
    value |= {scalar: NUMBER for scalar in numbers} | {scalar: SPACE for scalar in spaces}
    return runs(value)


def case_runs() -> list[int]:
    """Which of the two overlapping letter classes of the tekken pattern hold a scalar: 1 the first, 2 the second, 3 both."""
    upper = matching(r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]")
    lower = matching(r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]")
    return runs({scalar: (scalar in upper) | (scalar in lower) << 1 for scalar in upper | lower})


def numeric_runs() -> list[int]:
    """What the step Digits isolates, which follows a newer Unicode than the regex engine."""
    digits = pre_tokenizers.Digits(individual_digits=True)
    found: set[int] = set()
    for chunk in chunks():
        # Whatever is no digit stays in one piece with the letters around it.
        text = "".join(f"x{chr(scalar)}x" for scalar in chunk)
        found.update(ord(piece) for piece, _ in digits.pre_tokenize_str(text) if len(piece) == 1 and piece != "x")
    return runs(dict.fromkeys(found, 1))


def word_runs() -> list[int]:
    """Scalars next to which an added token with single_word is not found."""
    probe = "\ue123\ue124"
    tokenizer = Tokenizer(models.BPE(vocab={"?": 0}, merges=[], unk_token="?"))
    tokenizer.add_tokens([AddedToken(probe, single_word=True, normalized=False)])
    found: set[int] = set()
    for chunk in chunks():
        for before, after in [(1, 0), (0, 1)]:
            unit = [before * chr(scalar) + probe + after * chr(scalar) + ";" for scalar in chunk]
            encoding = tokenizer.encode("".join(unit))
            matched = {start for id, (start, _) in zip(encoding.ids, encoding.offsets) if id == 1}
            missed = {scalar for index, scalar in enumerate(chunk) if 4 * index + before not in matched}
            if before:
                found |= missed
            else:
                assert missed == {scalar for scalar in chunk if scalar in found}
    return runs(dict.fromkeys(found, 1))


def lower_case(spaces: set[int]) -> list[int]:
    """Runs of scalars with one difference to their lower case: first, count, step, difference plus 2^21."""
    lower, strip = normalizers.Lowercase(), normalizers.Strip()
    assert {scalar for scalar in SCALARS if strip.normalize_str(chr(scalar)) == ""} == spaces
    pairs = []
    for scalar in SCALARS:
        text = lower.normalize_str(chr(scalar))
        if scalar == 0x130:
            assert text == "i\u0307"  # the only one with two scalars; CaseFolding.swift writes it out
        elif text != chr(scalar):
            assert len(text) == 1, hex(scalar)
            pairs.append((scalar, ord(text) - scalar))
    result: list[list[int]] = []
    for scalar, difference in pairs:
        last = result[-1] if result else None
        if last and last[3] == difference:
            if last[1] == 1 and scalar - last[0] in (1, 2):
                last[2] = scalar - last[0]
            if last[0] + last[1] * last[2] == scalar:
                last[1] += 1
                continue
        result.append([scalar, 1, 1, difference])
    return [value for first, count, step, difference in result for value in (first, count, step, difference + (1 << 21))]


def runs(value: dict[int, int]) -> list[int]:
    result, last = [], None
    for scalar in range(0x110000):
        now = value.get(scalar, 0)
        if now != last:
            result.append(scalar << 8 | now)
            last = now
    return result


def decompositions(nfd) -> dict[int, str]:
    result = {}
    for scalar in SCALARS:
        if 0xAC00 <= scalar <= 0xD7A3:
            continue  # Hangul syllables are arithmetic
        text = nfd.normalize_str(chr(scalar))
        if text != chr(scalar):
            result[scalar] = text
    return result


def compositions(nfc, full: dict[int, str]) -> list[tuple[int, int, int]]:
    result = []
    for scalar, text in full.items():
        if nfc.normalize_str(chr(scalar)) != chr(scalar) or len(text) < 2:
            continue
        first = nfc.normalize_str(text[:-1])
        assert len(first) == 1, hex(scalar)
        assert nfc.normalize_str(first + text[-1]) == chr(scalar), hex(scalar)
        result.append((ord(first), ord(text[-1]), scalar))
    return sorted(result)


def combining_classes(nfd) -> dict[int, int]:
    """The canonical combining class of each scalar, found by watching which marks swap places with it."""
    full = nfd.normalize_str
    lowest, highest = "\u0334", "\u0345"  # classes 1 and 240

    def swaps(left: str, right: str) -> bool:
        return left != right and full("a" + left + right) == "a" + right + left

    # One mark for each class. Python names the class; the library must agree that the mark combines at all.
    representatives = {1: lowest, 240: highest}
    for scalar in SCALARS:
        character, known = chr(scalar), unicodedata.combining(chr(scalar))
        if known and full(character) == character and swaps(highest, character) and swaps(character, lowest):
            representatives.setdefault(known, character)
    order = sorted(representatives)

    result = {}
    for scalar in SCALARS:
        character = chr(scalar)
        if full(character) != character or character == lowest or character == highest:
            continue
        # Between a class-0 scalar and anything nothing moves.
        if not swaps(highest, character) and not swaps(character, lowest):
            continue
        classes = [
            known for known in order
            if not swaps(representatives[known], character) and not swaps(character, representatives[known])
        ]
        assert len(classes) == 1, (hex(scalar), classes)
        result[scalar] = classes[0]
    result[ord(lowest)], result[ord(highest)] = 1, 240
    return result


def literal(name: str, comment: str, values: list[int]) -> str:
    lines, line = [], "   "
    for value in values:
        item = f" 0x{value:X},"
        if len(line) + len(item) > 116:
            lines.append(line)
            line = "   "
        line += item
    lines.append(line)
    body = "\n    ".join(lines)
    notes = "\n".join(f"    /// {note}" for note in comment.split("\n"))
    return f"{notes}\n    static let {name}: [UInt32] = [\n    {body}\n    ]\n"


def main() -> None:
    nfc, nfd = normalizers.NFC(), normalizers.NFD()
    full = decompositions(nfd)
    flat: list[int] = []
    for scalar, text in full.items():
        flat += [len(text) << 24 | scalar, *map(ord, text)]
    pairs = [value for triple in compositions(nfc, full) for value in triple]
    parts = [
        literal(
            "classRuns",
            "First scalar of a run << 8 | class of the run (0 other, 1 letter, 2 number, 3 white space).",
            class_runs()),
        literal(
            "caseRuns",
            "First scalar of a run << 8 | 1 where [\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}] matches | 2 where "
            "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}] does.",
            case_runs()),
        literal("numericRuns", "First scalar of a run << 8 | 1 where the step Digits sees a digit.", numeric_runs()),
        literal("wordRuns", "First scalar of a run << 8 | 1 where single_word sees part of a word.", word_runs()),
        literal(
            "lowerCase", "Lower case, U+0130 left out: first, count, step, difference + 2^21.",
            lower_case(matching(r"\s"))),
        literal(
            "combiningClassRuns", "First scalar of a run << 8 | canonical combining class of the run.",
            runs(combining_classes(nfd))),
        literal(
            "decompositions",
            "Full canonical decompositions, Hangul left out: count << 24 | scalar, then `count` scalars.", flat),
        literal("compositions", "Primary composites, Hangul left out: first, second, composite.", pairs),
    ]
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(
        "// Unicode data as the tokenizers library sees it; "
        "written by tools/reference/unicode_tables.py, not by hand.\n"
        "\n"
        f"/// Observed in tokenizers {tokenizers.__version__}."
        " Its regex engine and its NFC follow different Unicode versions,\n"
        "/// so the standard library's properties would not do.\n"
        "enum UnicodeTables {\n" + "\n".join(parts) + "}\n")
    print(TARGET.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
