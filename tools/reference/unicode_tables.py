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
from tokenizers import Regex, normalizers, pre_tokenizers

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
