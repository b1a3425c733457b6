"""Makes a model folder and a problem file that Maxwell and transformers read alike: random weights, no network."""

import json
import random
import sys
from pathlib import Path

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from shapes import SHAPES, Shape

END = "<|endoftext|>"
# The pre-tokenizer pattern that Qwen2 checkpoints carry in tokenizer.json.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Code point of the character that token 0 would be: even, so that a character's parity is its id's.
FIRST_CHARACTER = 0x20000


def byte_characters() -> list[str]:
    """The character that stands for each byte: itself where printable, otherwise the next one from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    written = {byte: chr(byte) for byte in printable}
    written.update({byte: chr(0x100 + index) for index, byte in enumerate(others)})
    return [written[byte] for byte in range(256)]


def make_tokenizer(size: int) -> Tokenizer:
    """Ids 0...255 are the bytes, the last id ends a text, every other id is one character that no prompt contains."""
    written = byte_characters()
    vocabulary = {character: byte for byte, character in enumerate(written)}
    for token in range(256, size - 1):
        vocabulary["".join(written[byte] for byte in chr(FIRST_CHARACTER + token).encode())] = token
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
    assert tokenizer.get_vocab_size() == size, tokenizer.get_vocab_size()
    return tokenizer


def make_model(shape: Shape, folder: Path) -> None:
    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=shape.vocabulary, hidden_size=shape.hidden, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, num_key_value_heads=shape.key_value_heads,
        intermediate_size=shape.intermediate, max_position_embeddings=shape.prompt + shape.completion,
        tie_word_embeddings=True, rms_norm_eps=1e-6, initializer_range=0.02, use_sliding_window=False,
        # Without an end token neither side stops early.
        bos_token_id=None, eos_token_id=None)
    model = Qwen2ForCausalLM(config).float()
    assert sum(parameter.numel() for parameter in model.parameters()) == shape.parameters
    model.save_pretrained(folder)


def make_problems(shape: Shape, file: Path) -> None:
    """Digits, one token each; the first one's parity is asked for (Sources/Environments/Parity.swift)."""
    source = random.Random(1)
    with file.open("w") as lines:
        for _ in range(64):
            digits = [source.randrange(10) for _ in range(shape.prompt)]
            prompt = "".join(map(str, digits))
            lines.write(json.dumps({"prompt": prompt, "parity": digits[0] % 2}) + "\n")


def main() -> None:
    shape, folder = SHAPES[sys.argv[1]], Path(sys.argv[2])
    (folder / "model").mkdir(parents=True, exist_ok=True)
    make_model(shape, folder / "model")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=make_tokenizer(shape.vocabulary), eos_token=END, pad_token=END)
    tokenizer.save_pretrained(folder / "model")
    make_problems(shape, folder / "problems.jsonl")
    prompts = [json.loads(line)["prompt"] for line in (folder / "problems.jsonl").read_text().splitlines()]
    assert all(len(tokenizer(prompt).input_ids) == shape.prompt for prompt in prompts)


main()
