"""The network that is trained: an encoder with every head on top, in two sizes.

Plain torch, so that it loads a base's safetensors, trains on two cores without what it does not
need, and exports to ONNX as it stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name
from safetensors.torch import load_file
from torch import Tensor, nn

from moderation.outputs import HEADS, MARKS

DROPOUT: Final = 0.1


@dataclass(frozen=True, slots=True)
class Size:
    """An encoder's measures. first: the number of the first token's position.

    distances: into how many classes attention sorts how far two tokens stand apart; 0: it does not.
    """

    width: int
    layers: int
    attention: int
    inner: int
    vocabulary: int
    positions: int
    epsilon: float
    first: int = 0
    distances: int = 0


SMALL: Final = Size(384, 6, 12, 1_536, 30_522, 512, 1e-12)
"""BERT of six layers, 22 M parameters: what is shipped."""
LARGE: Final = Size(768, 12, 12, 3_072, 30_527, 514, 1e-5, first=2, distances=32)
"""MPNet, 110 M parameters: a teacher."""
_FARTHEST: Final = 128
_PARTS: Final = {
    "attended": "attention.output.dense",
    "attended_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "outer_norm": "output.LayerNorm",
}


class Layer(nn.Module):  # type: ignore[misc] # torch is untyped here
    """Attention and feed-forward, normalised after each, as in BERT."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self._attention = size.attention
        self.qkv = nn.Linear(size.width, 3 * size.width)
        self.attended = nn.Linear(size.width, size.width)
        self.attended_norm = nn.LayerNorm(size.width, size.epsilon)
        self.inner = nn.Linear(size.width, size.inner)
        self.outer = nn.Linear(size.inner, size.width)
        self.outer_norm = nn.LayerNorm(size.width, size.epsilon)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """x: [texts, tokens, width]; bias: what is added to attention, [texts, heads, tokens, tokens] or like it."""
        texts, tokens, width = x.shape
        parts = self.qkv(x).view(texts, tokens, 3, self._attention, width // self._attention)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        heads = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        mixed = heads.transpose(1, 2).reshape(texts, tokens, width)
        x = self.attended_norm(x + self.drop(self.attended(mixed)))
        return self.outer_norm(x + self.drop(self.outer(F.gelu(self.inner(x)))))


class Network(nn.Module):  # type: ignore[misc]
    """Token ids in, log-odds of every head and of every mark out."""

    def __init__(self, size: Size = SMALL) -> None:
        super().__init__()
        self._size = size
        self.words = nn.Embedding(size.vocabulary, size.width)
        self.positions = nn.Embedding(size.positions, size.width)
        self.parts = nn.Embedding(2, size.width)
        if size.distances:
            self.distances = nn.Embedding(size.distances, size.attention)
        self.norm = nn.LayerNorm(size.width, size.epsilon)
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.layers))
        self.drop = nn.Dropout(DROPOUT)
        self.heads = nn.Linear(2 * size.width, len(HEADS))
        self.marks = nn.Linear(size.width, len(MARKS))

    def forward(self, ids: Tensor, parts: Tensor, read: Tensor) -> tuple[Tensor, Tensor]:
        """ids, parts, read: int64 [texts, tokens]; part 0 is the text, 1 what it answers.

        Returns ([texts, heads], [texts, tokens, marks]), log-odds.
        """
        places = torch.arange(ids.shape[1], device=ids.device)
        positions = self.positions(places + self._size.first)
        x = self.norm(self.words(ids) + positions + self.parts(parts))
        bias = (1.0 - read[:, None, None, :].to(x.dtype)) * -1e4
        if self._size.distances:
            apart = classes(places[None, :] - places[:, None], self._size.distances)
            bias = bias + self.distances(apart).permute(2, 0, 1)
        for layer in self.layers:
            x = layer(x, bias)
        own = (read * (1 - parts)).to(x.dtype)[:, :, None]
        mean = (x * own).sum(1) / own.sum(1).clamp(min=1.0)
        pooled = self.drop(torch.cat([x[:, 0], mean], dim=1))
        return self.heads(pooled), self.marks(x)


def classes(apart: Tensor, count: int) -> Tensor:
    """The class of each distance in tokens, int64 in [0, count): before and after apart, wider when farther.

    Source: Raffel et al. 2020 (T5), as MPNet uses it.
    """
    half, near = count // 2, count // 4
    far = apart.abs()
    spread = torch.log(far.clamp(min=1).float() / near) / math.log(_FARTHEST / near)
    wide = (near + (spread * (half - near)).long()).clamp(max=half - 1)
    return torch.where(far < near, far, wide) + half * (apart > 0)


def from_base(base: Path) -> Network:
    """The network with the encoder of all-MiniLM-L6-v2 and fresh heads.

    base: the folder with its model.safetensors.
    """
    found = load_file(base / "model.safetensors")
    network = Network()
    fill(network, dict(_renamed(found)), fresh=("heads.", "marks."))
    return network


def fill(network: Network, weights: Mapping[str, Tensor], fresh: tuple[str, ...]) -> None:
    """Loads a base's weights, all but what begins with one of fresh. Raises ValueError for another base."""
    missing, unexpected = network.load_state_dict(weights, strict=False)
    if unexpected or any(not name.startswith(fresh) for name in missing):
        raise ValueError(f"not the base that was expected: lacks {missing}, has {unexpected}")


def _renamed(found: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    embeddings = {"words": "word", "positions": "position", "parts": "token_type"}
    for ours, theirs in embeddings.items():
        yield f"{ours}.weight", found[f"embeddings.{theirs}_embeddings.weight"]
    yield from both("norm", "embeddings.LayerNorm", found)
    three = [f"attention.self.{part}" for part in ("query", "key", "value")]
    yield from layers(found, SMALL.layers, three, _PARTS)


def layers(
    found: Mapping[str, Tensor], count: int, three: Sequence[str], parts: Mapping[str, str]
) -> Iterator[tuple[str, Tensor]]:
    """Every layer under our names. three: where query, key and value lie; parts: ours -> the base's."""
    for number in range(count):
        theirs, ours = f"encoder.layer.{number}", f"layers.{number}"
        for kind in ("weight", "bias"):
            joined = torch.cat([found[f"{theirs}.{part}.{kind}"] for part in three])
            yield f"{ours}.qkv.{kind}", joined
        for our, their in parts.items():
            yield from both(f"{ours}.{our}", f"{theirs}.{their}", found)


def both(ours: str, theirs: str, found: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Weight and bias of one part, under our name for it."""
    for kind in ("weight", "bias"):
        yield f"{ours}.{kind}", found[f"{theirs}.{kind}"]
