# Writes the fixtures of Tests/TokenizersTests: a small Qwen2-style tokenizer and what `tokenizers` makes of many texts.
"""Fixtures of Tests/TokenizersTests.

    pip install tokenizers
    python tools/reference/tokenizer.py

`tokenizer.json` is trained on the sentences below, has added tokens of every supported kind, and lacks its last
merges, so that `ignore_merges` makes a difference. `tokenizer-merge-strings.json` writes the same merges as "a b"
strings. `expected.json` holds texts with their ids, id sequences with their texts, and checksums over every scalar.
"""

import json
import pathlib
import random
import zlib

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SEED = 20260517
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "TokenizersTests" / "Fixtures"
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
VOCABULARY = 760
DROPPED_MERGES = 90
RANDOM_TEXTS = 10_000
RANDOM_SEQUENCES = 1_000
BLOCK = 4096

SENTENCES = """
The demon watches the little door and lets only some of the tokens through.
When the policy becomes too certain, the group stops teaching it anything new.
We'll measure the entropy before the step, and we've measured it after; it's the same within a percent.
They're sure that I'm late, she'd said, but he didn't hear it and that's all.
Numbers such as 12, 305 and 2048 are split into digits: 3.14159 is eight pieces.
Die kleine Tür öffnet sich nur für schnelle Teilchen, und draußen wird es kälter.
Müßige Größen gehören übermäßig häufig zu Überschüssen.
Le démon garde la porte; la pièce de gauche s'échauffe, celle de droite se refroidit peu à peu.
El pequeño guardián abre la puerta mañana, cuando el niño sueñe con números y señales.
Маленький страж открывает дверь только быстрым частицам, и поэтому энтропия не растёт.
Ο μικρός φύλακας ανοίγει την πόρτα μόνο όταν πρέπει, και η εντροπία μένει ίδια.
小さな番人は速い粒子だけを通すので、部屋の温度が変わる。
小小的守门人只让快的粒子通过，所以熵没有增加。今天的模型学得很慢，明天会更快。
작은 문지기는 빠른 입자만 통과시키므로 엔트로피가 늘어나지 않는다.
الحارس الصغير يفتح الباب للجزيئات السريعة فقط فلا تزداد الفوضى.
השומר הקטן פותח את הדלת רק לחלקיקים מהירים.
छोटा पहरेदार केवल तेज़ कणों को जाने देता है।
ยามตัวน้อยเปิดประตูให้อนุภาคที่เร็วเท่านั้น
Người gác cổng nhỏ chỉ mở cửa cho những hạt nhanh, nên entropy không tăng.
Emoji such as 😀 🎉 👩‍🔬 ❤️ and flags 🇨🇭 are long in bytes.
x = (a + b) * c; y -> z; {"key": [1, 2, 3]}; // comment; /* more */ <tag attr="v"></tag>
""".strip().split("\n") + ["def update(step):\n    if step > 0:\n        return advantage * ratio\n\n\treturn None\r\n"]

HAND_PICKED = [
    "", " ", "  ", "   x", "x   ", "\n", "\r\n", "\r\n\r\n x", " \n \n  y", "\t\tx\t", "a\u00a0b", "\u00a0\u00a0a",
    "\u3000漢", "\u2003 \u2003x", "a\u0085b", "a\u2028b\u2029c", "\u180e x", "\u200b x\u200b", "\ufeffbom", "\x00",
    "a\x00b\x01\x02\x7f\x80\x9f", "\x1c\x1d\x1e\x1f x", "\x0b\x0cx",
    "it's IT'S it'S we'Re WE'VE i'M they'LL he'D 'T 't '", "x'ſ y'ſt 'ſ it'ſthe", "'s's's", "''s '''ll",
    "'lL 'Ll 'rE 'vE 'l 'r 'v 're", "’s ’t it’s", "don't can't won't", "'ﬅ 'ﬆ 'ﬀ", "'K 'İ 'ı",
    "e\u0301 \u00e9 E\u0301", "a\u0323\u0307 a\u0307\u0323", "q\u0307\u0323 q\u0323\u0307", "\u0301",
    "\u0301\u0301a", " \u0301", "\n\u0301x", "\u1e9b\u0323", "\u212b \u00c5 A\u030a", "\u2126 \u03a9",
    "\u0344 \u0308\u0301", "\u0958 \u0915\u093c", "\ufb1f \u05f2\u05b7",
    "\u1100\u1161\u11a8 \uac01 \uac00\u11a8 \u1100\u1161", "\u11a7 \uac00\u11a7", "\uac00\u1161\u11a8",
    "\u1112\u1175\u11c2", "\U0001d15e \U0001d157\U0001d165", "\U00011099\U000110ba \U0001109a",
    "\U00011935\U00011930 \U00011938", "\U000105d2\u0307 \U000105c9", "\U000113c2\U000113c2 \U000113c5",
    "\U00016d63\U00016d67 \U00016d69", "\uf900 \u8c48", "\U0002f800 \u4e3d", "👩‍🔬", "👨‍👩‍👧‍👦 family", "❤️❤\ufe0e",
    "🇨🇭🇩🇪", "👍🏽", "1️⃣2️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "漢字かな交じり文", "ｶﾞｷﾞ ガ カ\u3099", "١٢٣ ۴۵۶ १२३ ๑๒๓ 〇一二 ⅷ ½ ² ①", "٣x٣",
    "1234567890", "3.14159e-10", "12a34", "\ud7ff\ue000", "\ue000\uf8ff", "\uffff\ufffe", "\U0010ffff",
    "\U000f0000x", "\ufffd", "\u0378\u0379 x", "\U000e0001", "\u0627\u064b\u0651 \u0627\u0651\u064b",
    "\u05d0\u05b7\u05bc \u05d0\u05bc\u05b7", "ﷺ", "ǅ ǆ ß ẞ", "ª º ʰ", "_a_b__c", "!!!\n\n", " !!!\r\nx", "\t!x",
    " ?x", "  ?x", "\n?x", "\r?x", "#include <a>\n", "a/b\\c", "https://example.org/?q=%20", "<|endoftext|>",
    "a<|endoftext|>b", "<|endoftext|><|im_start|>", "<|im_start|>user\nHello<|im_end|>\n", "<|im_start",
    "<|im_start|", "<<|im_end|>>", "<|endoftext", "<tool_call>{}</tool_call>", "x <tool_call> y", "<left>",
    "  a  <left>  b", "a\u3000\n<left>b", "  <left>  <left>  ", "<right>", "a  <right>  b", "<right> \n\u2003b",
    "<right>  <left>", "<both>  <both>", "x <both> y <both>", "<right>   ", "   <left>", "<\u00c5ngstr\u00f6m>",
    "<A\u030angstro\u0308m>", "<\u212bngstro\u0308m>x", "<A\u030angstr\u00f6m", "<tool_call>\u0301",
    "e<tool_call>\u0301", "<long>", "<long>er>", "<long>er", "\u00e9\u00e8 blank", "[two words]", "a" * 300,
    "ab" * 400, " " * 200, "\n" * 100, "=" * 150, "é" * 120, "の" * 90, "e\u0301" * 40, "a" + "\u0301\u0323" * 30,
]

ADDED = [
    AddedToken("<|endoftext|>", special=True, normalized=False),
    AddedToken("<|im_start|>", special=True, normalized=False),
    AddedToken("<|im_end|>", special=True, normalized=False),
    AddedToken("<tool_call>", special=False, normalized=False),
    AddedToken("<left>", special=True, normalized=False, lstrip=True),
    AddedToken("<right>", special=False, normalized=False, rstrip=True),
    AddedToken("<both>", special=False, normalized=True, lstrip=True, rstrip=True),
    AddedToken("<\u00c5ngstr\u00f6m>", special=False, normalized=True),
    AddedToken("<long>", special=False, normalized=False),
    AddedToken("<long>er>", special=True, normalized=False),
    AddedToken("[two words]", special=False, normalized=False),
]

# Scalar ranges that random texts are drawn from, with weights; the last one is everything.
POOLS = [
    (12, "etaoinshrdlucm ETAOINS"), (6, " "), (4, "\n\r\t \u00a0\u2003\u3000\u0085\u2028\x0b\x0c"),
    (5, "'''sStTrReEvVmMlLdDſ"), (3, "0123456789"), (4, "!\"#$%&()*+,-./:;<=>?@[]^_`{|}~"), (3, (0x00, 0x1F)),
    (3, (0x7F, 0xFF)), (4, (0x100, 0x24F)), (6, (0x300, 0x36F)), (3, (0x370, 0x52F)), (3, (0x590, 0x6FF)),
    (3, (0x900, 0xDFF)), (2, (0xE00, 0x109F)), (3, (0x1100, 0x11FF)), (3, (0x1DC0, 0x20CF)), (3, (0x20D0, 0x2BFF)),
    (3, (0x3000, 0x30FF)), (3, (0x4E00, 0x9FFF)), (3, (0xAC00, 0xD7FF)), (2, (0xE000, 0xF8FF)),
    (3, (0xF900, 0xFFFF)), (3, (0x10000, 0x13FFF)), (2, (0x16000, 0x18FFF)), (2, (0x1BC00, 0x1EFFF)),
    (4, (0x1F000, 0x1FAFF)), (3, (0x1D100, 0x1D24F)), (2, (0x2F800, 0x2FA1F)), (3, (0, 0x10FFFF)),
]


def trained() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
    ])
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    # Vocabulary entries whose last merge is missing are what ignore_merges is about.
    data = json.loads(tokenizer.to_str())
    data["model"]["merges"] = data["model"]["merges"][:-DROPPED_MERGES]
    data["model"] |= {"continuing_subword_prefix": "", "end_of_word_suffix": ""}
    tokenizer = Tokenizer.from_str(json.dumps(data))
    for token in ADDED:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
    return tokenizer


def random_text(source: random.Random, pieces: list[str]) -> str:
    weights = [weight for weight, _ in POOLS]
    text = ""
    for _ in range(source.randint(1, 12)):
        draw = source.random()
        if draw < 0.012:
            text += source.choice(ADDED).content
            continue
        if draw < 0.1:
            text += source.choice(pieces)
            continue
        pool = source.choices(POOLS, weights)[0][1]
        scalar = ord(source.choice(pool)) if isinstance(pool, str) else source.randint(*pool)
        text += chr(scalar) if not 0xD800 <= scalar < 0xE000 else "\ud7ff"
    return text


def piece_lengths(tokenizer: Tokenizer, text: str) -> list[int]:
    """Bytes of each pre-token of the normalised text, added tokens not considered."""
    normalised = tokenizer.normalizer.normalize_str(text)
    return [len(piece) for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normalised)]


def checksum(tokenizer: Tokenizer, first: int) -> str:
    """CRC-32 over a block of scalars, each in several neighbourhoods: normalised bytes, then piece lengths (uint32)."""
    text = ""
    for scalar in range(first, first + BLOCK):
        if not 0xD800 <= scalar < 0xE000:
            c = chr(scalar)
            text += f"{c} a{c}\u0301{c}\u0345{c}\u0334x'{c}x  {c}{c}1{c}\n'l{c}xr'{c}ex!{c}\n {c}"
    body = tokenizer.normalizer.normalize_str(text).encode()
    body += b"".join(length.to_bytes(4, "little") for length in piece_lengths(tokenizer, text))
    return f"{zlib.crc32(body):08x}"


def words(ids: list[int]) -> str:
    return " ".join(map(str, ids))


def main() -> None:
    source = random.Random(SEED)
    FOLDER.mkdir(parents=True, exist_ok=True)
    tokenizer = trained()
    path = FOLDER / "tokenizer.json"
    tokenizer.save(str(path), pretty=False)
    tokenizer = Tokenizer.from_file(str(path))
    data = json.loads(path.read_text())
    data["model"]["merges"] = [" ".join(pair) for pair in data["model"]["merges"]]
    (FOLDER / "tokenizer-merge-strings.json").write_text(json.dumps(data, ensure_ascii=True, separators=(",", ":")))
    data["model"]["ignore_merges"] = True
    whole = Tokenizer.from_str(json.dumps(data))

    pieces = [word + " " for line in SENTENCES for word in line.split()]
    texts = [random_text(source, pieces) for _ in range(RANDOM_TEXTS)]
    size = tokenizer.get_vocab_size()
    # The character that stands for each byte: itself where printable, otherwise the next one from U+0100 on.
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    id_of = [
        tokenizer.token_to_id(chr(byte if byte in printable else 0x100 + others.index(byte))) for byte in range(256)]
    sequences = [[]]
    for _ in range(RANDOM_SEQUENCES):
        pool = id_of if source.random() < 0.5 else range(size + 4)
        sequences.append([source.choice(pool) for _ in range(source.randint(1, 12))])
    # The bytes at which the rules of UTF-8 change: too few, too many and misplaced continuations of every kind.
    edges = bytes.fromhex("00417f808f909fa0bfc0c1c2dfe0e1edeff0f1f4f5ff")
    for _ in range(RANDOM_SEQUENCES):
        sequences.append([id_of[source.choice(edges)] for _ in range(source.randint(1, 7))])

    header = {
        "script": "tools/reference/tokenizer.py", "versions": {"tokenizers": tokenizers.__version__}, "seed": SEED,
        "text": "UTF-8 in hexadecimal", "ids": "decimal, separated by spaces",
    }
    chosen = HAND_PICKED + SENTENCES
    expected = {
        "header": header,
        "handPicked": {"texts": chosen, "ids": [words(tokenizer.encode(text).ids) for text in chosen]},
        "ignoreMerges": {"texts": chosen, "ids": [words(whole.encode(text).ids) for text in chosen]},
        "random": {
            "texts": [text.encode().hex() for text in texts],
            "ids": [words(tokenizer.encode(text).ids) for text in texts],
            "pieces": [words(piece_lengths(tokenizer, text)) for text in texts],
        },
        "decoding": {
            "ids": [words(ids) for ids in sequences],
            "texts": [tokenizer.decode(ids, skip_special_tokens=False).encode().hex() for ids in sequences],
            "textsWithoutSpecial": [
                tokenizer.decode(ids, skip_special_tokens=True).encode().hex() for ids in sequences
            ],
        },
        "scalarChecksums": [checksum(tokenizer, first) for first in range(0, 0x110000, BLOCK)],
    }
    differing = sum(a != b for a, b in zip(expected["handPicked"]["ids"], expected["ignoreMerges"]["ids"]))
    assert differing > 5, differing
    target = FOLDER / "expected.json"
    target.write_text(json.dumps(expected, ensure_ascii=True, indent=0, separators=(",", ":")) + "\n")
    print(f"{size} tokens, {len(texts)} random texts, {differing} texts differ under ignore_merges")
    for file in sorted(FOLDER.iterdir()):
        print(f"{file.name}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
