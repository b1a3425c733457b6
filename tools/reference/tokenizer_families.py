# Writes Tests/TokenizersTests/Fixtures/families: a small tokenizer of each family and digests of what `tokenizers` makes.
"""Fixtures of Tests/TokenizersTests/FamilyParityTests.swift.

    pip install tokenizers
    python tools/reference/tokenizer_families.py

Each `NAME.json` is a tokenizer with the steps of one published family, trained on the sentences of tokenizer.py and
on generated text. `families.json` holds what the generator of texts draws from, and for each family 64-bit FNV-1a
digests: of the ids of 1,000 texts each, of what those ids decode to, and of what random ids decode to. The test
generates the same texts again, by the same rules written in Swift.
"""

import json
import pathlib

import tokenizers
from tokenizer import SENTENCES
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SEED = 20261121
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "TokenizersTests" / "Fixtures" / "families"
BLOCK = 1_000
MASK = (1 << 64) - 1

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPACE = r"\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{SPACE}"
LLAMA = rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{SPACE}"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
FRONT = r"[^\r\n\p{L}\p{N}]?"
TEKKEN = rf"{FRONT}{UPPER}*{LOWER}+|{FRONT}{UPPER}+{LOWER}*|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{SPACE}"

# What the generator draws from.
SOURCE = {
    "words": sorted({word for line in SENTENCES for word in line.split()})[:220],
    "spaces": [" ", " ", "\n", "\t", "\r", "\r\n", "\u00a0", "\u3000", "\u2028", "\u0085"],
    "symbols": list("!\"#$%&()*+,-./:;<=>?@[]^_`{|}~/") + ["…", "–", "€", "。", "¿"],
    "endings": ["'s", "'T", "'re", "'LL", "'ve", "'d", "'m", "’s", "'ſ", "'"],
    "emoji": ["😀", "🎉", "👩‍🔬", "❤️", "🇨🇭", "👍🏽", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"],
    "blocks": [
        [0xC0, 0x40], [0x100, 0x150], [0x1C4, 9], [0x2B0, 0x50], [0x391, 0x39], [0x400, 0x60], [0x5D0, 27], [0x620, 43],
        [0x660, 10], [0x905, 0x60], [0xE01, 58], [0x10A0, 0x60], [0x1100, 0x80], [0x1E00, 0x100], [0x1F00, 0x100],
        [0x2150, 0x40], [0x3041, 0xA0], [0x4E00, 0x300], [0xA640, 0x60], [0xAC00, 0x300], [0xFF10, 0x50],
        [0x10400, 0x50], [0x1D400, 0x100], [0x20000, 0x100],
    ],
    "marks": ["▁", "▁▁", "▁▁▁", "<0x0A>", "<unk>", "<s>", "<0x", "</s"],
    "added": [
        "<|end|>", "<|end", "<left>", "<right>", "<both>", "word", "words", "Zeit", "<two words>", "<long>", "<long>er>",
        "\n\n", "<bos>",
    ],
}


def added(normalises: bool) -> list[AddedToken]:
    """`normalises`: whether tokens may be looked for in normalised text, which the normaliser must leave as they are."""
    return [
        AddedToken("<|end|>", special=True, normalized=False),
        AddedToken("<left>", special=True, normalized=False, lstrip=True),
        AddedToken("<right>", special=False, normalized=False, rstrip=True),
        AddedToken("<both>", special=False, normalized=normalises, lstrip=True, rstrip=True),
        AddedToken("word", special=False, normalized=False, single_word=True),
        AddedToken("Zeit", special=False, normalized=False, single_word=True, lstrip=True),
        AddedToken("<two words>", special=True, normalized=False),
        AddedToken("<long>", special=False, normalized=False),
        AddedToken("<long>er>", special=True, normalized=False),
        AddedToken("\n\n", special=False, normalized=False),
        AddedToken("<bos>", special=True, normalized=False),
        AddedToken("▁▁", special=False, normalized=False),
    ]


class SplitMix:
    def __init__(self, state: int):
        self.state = state

    def below(self, bound: int) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        mixed = self.state
        mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & MASK
        return (mixed ^ mixed >> 31) % bound


def piece(source: SplitMix) -> str:
    def one(key: str):
        return SOURCE[key][source.below(len(SOURCE[key]))]

    kind = source.below(100)
    if kind < 20:
        word = "".join(chr(0x61 + source.below(26)) for _ in range(1 + source.below(8)))
        case = source.below(6)
        return word.upper() if case == 0 else word[0].upper() + word[1:] if case == 1 else word
    if kind < 32:
        return one("words")
    if kind < 38:
        return "".join(chr(0x30 + source.below(10)) for _ in range(1 + source.below(7)))
    if kind < 52:
        return " "
    if kind < 57:
        return "".join(one("spaces") for _ in range(1 + source.below(4)))
    if kind < 64:
        return "".join(one("symbols") for _ in range(1 + source.below(3)))
    if kind < 68:
        return one("endings")
    if kind < 75:
        first, count = one("blocks")
        return "".join(chr(first + source.below(count)) for _ in range(1 + source.below(5)))
    if kind < 79:
        base = chr(0x61 + source.below(26))
        return base + "".join(chr(0x300 + source.below(0x70)) for _ in range(1 + source.below(3)))
    if kind < 82:
        return one("emoji")
    if kind < 84:
        return chr(source.below(0x20) if source.below(2) == 0 else 0x7F + source.below(0x21))
    if kind < 89:
        return one("added")
    if kind < 92:
        return one("marks")
    scalar = source.below(0x3000) if source.below(2) == 0 else source.below(0x110000)
    return "\ud7ff" if 0xD800 <= scalar < 0xE000 else chr(scalar)


def text(source: SplitMix) -> str:
    return "".join(piece(source) for _ in range(1 + source.below(10)))


def training() -> list[str]:
    source = SplitMix(SEED + 1)
    return SENTENCES * 4 + [text(source) for _ in range(3_000)]


def byte_level(normalizer, split, size: int, **options) -> dict:
    tokenizer = Tokenizer(models.BPE())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = split
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train_from_iterator(training(), trainer)
    data = json.loads(tokenizer.to_str())
    # Vocabulary entries without their merge are what ignore_merges is about.
    if options.get("ignore_merges"):
        data["model"]["merges"] = data["model"]["merges"][:-120]
    data["model"] |= options
    return data


def characters(normalizer, split, decoder, size: int, fallback: bool, **options) -> dict:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    # Only for training: merges across words would teach nothing.
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=size, limit_alphabet=130, show_progress=False)
    tokenizer.train_from_iterator(training(), trainer)
    learnt = json.loads(tokenizer.to_str())["model"]
    names = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] * fallback
    names += [name for name in sorted(learnt["vocab"], key=learnt["vocab"].get) if name not in names]
    tokenizer = Tokenizer(
        models.BPE(
            vocab={name: index for index, name in enumerate(names)}, merges=[tuple(pair) for pair in learnt["merges"]],
            unk_token="<unk>", byte_fallback=fallback, **options))
    if normalizer:
        tokenizer.normalizer = normalizer
    if split:
        tokenizer.pre_tokenizer = split
    tokenizer.decoder = decoder
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in ["<s>", "</s>"]])
    return json.loads(tokenizer.to_str())


def families():
    def sequence(pattern: str):
        return pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])

    def joined(*more):
        return decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *more])

    mark = normalizers.Replace(" ", "▁")
    first = decoders.Strip(" ", 1, 0)
    yield "qwen", byte_level(normalizers.NFC(), sequence(QWEN), 1000), True, None
    yield "llama3", byte_level(None, sequence(LLAMA), 1100, ignore_merges=True), True, "<bos> $A"
    yield "tekken", byte_level(None, sequence(TEKKEN), 1000), True, "<bos> $A"
    yield "gpt2", byte_level(None, pre_tokenizers.ByteLevel(add_prefix_space=True), 800), True, "<bos> $A <|end|>"
    yield "llama2", characters(
        normalizers.Sequence([normalizers.Prepend("▁"), mark]), None, joined(first), 1000, True, fuse_unk=True,
    ), False, "<s> $A"
    yield "mistral", characters(
        None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False), joined(first), 1000, True, fuse_unk=True,
    ), False, "<s> $A"
    yield "gemma", characters(
        mark, pre_tokenizers.Split(" ", "merged_with_previous"), joined(), 1000, True, fuse_unk=True), False, "<bos> $A"
    # No family: the remaining steps, and unknown tokens.
    yield "steps", characters(
        normalizers.Sequence([normalizers.Lowercase(), normalizers.Strip(left=True, right=True)]),
        pre_tokenizers.Sequence([
            pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Split("/", "merged_with_next"),
            pre_tokenizers.Split("-", "removed"), pre_tokenizers.Split(".", "contiguous"),
            pre_tokenizers.Metaspace(prepend_scheme="always")]),
        decoders.Metaspace(), 500, False, fuse_unk=False), False, "$A </s>"


def fold(digest: int, values) -> int:
    for value in values:
        digest = (digest ^ value) * 0x100000001B3 & MASK
    return (digest ^ 0xFFFFFFFF) * 0x100000001B3 & MASK


def digests(rows) -> list[str]:
    """One 64-bit FNV-1a of every 1,000 rows."""
    result = []
    for start in range(0, len(rows), BLOCK):
        digest = 0xCBF29CE484222325
        for row in rows[start:start + BLOCK]:
            digest = fold(digest, row)
        result.append(f"{digest:016x}")
    return result


def random_ids(source: SplitMix, size: int, bytes_from: int) -> list[int]:
    return [
        bytes_from + source.below(256) if source.below(2) == 0 else source.below(size + 3)
        for _ in range(1 + source.below(12))]


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    source = SplitMix(SEED)
    texts = [text(source) for _ in range(100_000)]
    expected = {
        "header": {
            "script": "tools/reference/tokenizer_families.py", "versions": {"tokenizers": tokenizers.__version__},
            "seed": SEED,
        },
        "source": SOURCE, "texts": digests([line.encode() for line in texts]), "families": {},
    }
    for name, data, is_byte_level, template in families():
        tokenizer = Tokenizer.from_str(json.dumps(data))
        for token in added(is_byte_level):
            (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
        if template:
            ids = {word: tokenizer.token_to_id(word) for word in template.split() if word != "$A"}
            tokenizer.post_processor = processors.Sequence([
                processors.ByteLevel(), processors.TemplateProcessing(single=template, special_tokens=list(ids.items()))])
        path = FOLDER / f"{name}.json"
        path.write_text(json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=True, separators=(",", ":")) + "\n")
        tokenizer = Tokenizer.from_file(str(path))
        rows = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        size, numbers = tokenizer.get_vocab_size(), SplitMix(SEED + 2)
        drawn = [random_ids(numbers, size, 0 if is_byte_level else 3) for _ in range(10_000)]
        expected["families"][name] = {
            "bytesFrom": 0 if is_byte_level else 3,
            "ids": digests(rows),
            "decoded": digests([
                tokenizer.decode(row, skip_special_tokens=index % 2 == 1).encode() for index, row in enumerate(rows)]),
            "random": digests([tokenizer.decode(row, skip_special_tokens=False).encode() for row in drawn]),
            # Explicit cases, for the sentence of a test that fails.
            "cases": [[line.encode().hex(), " ".join(map(str, row))] for line, row in zip(texts[:60], rows)],
        }
        print(f"{name}: {size} tokens, {sum(map(len, rows))} ids, {path.stat().st_size} bytes")
    target = FOLDER / "families.json"
    target.write_text(json.dumps(expected, ensure_ascii=True, indent=0, separators=(",", ":")) + "\n")
    print(f"{target.name}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
