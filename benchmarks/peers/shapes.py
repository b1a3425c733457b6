"""The compared shapes: one model, one batch, one rate of learning for every side."""

from dataclasses import dataclass

LEARNING_RATE = 1e-3
WARMUP_STEPS = 2


@dataclass(frozen=True)
class Shape:
    """A Qwen2 model and the batch of one step: prompts x samples completions of exactly `completion` tokens."""

    name: str
    hidden: int
    layers: int
    heads: int
    key_value_heads: int
    intermediate: int
    vocabulary: int
    prompts: int
    samples: int
    prompt: int
    completion: int
    # Measured steps of one process; the two warm-up steps come on top.
    steps: int
    # Completions of one forward and backward pass of TRL; the whole batch where memory allows, which is fastest.
    trl_micro_batch: int

    @property
    def completions(self) -> int:
        return self.prompts * self.samples

    @property
    def parameters(self) -> int:
        shared = self.hidden * self.key_value_heads // self.heads
        attention = 2 * self.hidden * self.hidden + 2 * self.hidden * shared + self.hidden + 2 * shared
        layer = attention + 3 * self.hidden * self.intermediate + 2 * self.hidden
        return self.layers * layer + self.hidden + self.vocabulary * self.hidden


SHAPES = {
    shape.name: shape
    for shape in [
        Shape("a", 256, 4, 4, 2, 1024, 512, prompts=8, samples=8, prompt=32, completion=64, steps=5,
              trl_micro_batch=64),
        Shape("b", 512, 8, 8, 2, 2048, 8_192, prompts=8, samples=8, prompt=128, completion=128, steps=2,
              trl_micro_batch=16),
        Shape("c", 896, 24, 14, 2, 4864, 151_936, prompts=2, samples=4, prompt=32, completion=32, steps=2,
              trl_micro_batch=8),
    ]
}

# The head operator: tokens, hidden size, vocabulary.
HEAD_SHAPES = {"a": (4096, 256, 512), "b": (4096, 512, 8_192), "c": (256, 896, 151_936), "d": (2048, 896, 151_936)}
