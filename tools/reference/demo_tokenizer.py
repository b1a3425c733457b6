# Writes the tokenizer of the Countdown demo: Qwen2's byte-level BPE with the 256 bytes as its whole vocabulary.
"""models/countdown-tokenizer.

    pip install tokenizers transformers
    python tools/reference/demo_tokenizer.py

The 256 byte tokens have ids 0...255 in the order of Qwen2's own vocabulary (printable bytes first), there are no
merges, and `<|endoftext|>` has id 256. It opens in `tokenizers` and in transformers; the script checks both.
"""

import json
import pathlib

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "models" / "countdown-tokenizer"
END = "<|endoftext|>"

# The pre-tokenizer pattern that Qwen2 checkpoints carry in tokenizer.json.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def alphabet() -> list[str]:
    """The character that stands for each byte: itself where printable, otherwise the next one from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return [chr(byte) for byte in printable] + [chr(0x100 + index) for index in range(len(others))]


def build() -> Tokenizer:
    vocabulary = {character: index for index, character in enumerate(alphabet())}
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocabulary, merges=[], dropout=None, unk_token=None, continuing_subword_prefix="",
            end_of_word_suffix="", fuse_unk=False, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
    ])
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.add_special_tokens([AddedToken(END, special=True, normalized=False)])
    return tokenizer


def check(text: str) -> None:
    saved = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    ids = saved.encode(text + END).ids
    assert ids[-1] == 256 and len(ids) == len(text.encode()) + 1, ids
    assert saved.decode(ids, skip_special_tokens=True) == text
    try:
        import transformers
    except ImportError:
        print("transformers is not installed; only tokenizers was checked")
        return
    for kind in (transformers.AutoTokenizer, transformers.PreTrainedTokenizerFast, transformers.Qwen2TokenizerFast):
        loaded = kind.from_pretrained(FOLDER)
        assert loaded(text + END)["input_ids"] == ids, kind
        assert loaded.eos_token_id == 256 and len(loaded) == 257, kind
        assert loaded.decode(ids, skip_special_tokens=True) == text, kind


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    build().save(str(FOLDER / "tokenizer.json"))
    settings = {
        "tokenizer_class": "Qwen2Tokenizer", "eos_token": END, "pad_token": END, "unk_token": None, "bos_token": None,
        "add_prefix_space": False, "clean_up_tokenization_spaces": False, "model_max_length": 32768,
        "errors": "replace", "split_special_tokens": False, "added_tokens_decoder": {
            "256": {
                "content": END, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False,
                "special": True,
            }
        },
    }
    (FOLDER / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    check("Numbers: 3 5 7; target: 26. 3*7+5 = 26é")


if __name__ == "__main__":
    main()
