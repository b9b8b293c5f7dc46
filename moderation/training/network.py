"""The network that is trained: a six-layer BERT encoder with every head on top.

Plain torch, so that it loads the base's safetensors, trains on two cores without what it does not
need, and exports to ONNX as it stands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name
from safetensors.torch import load_file
from torch import Tensor, nn

from moderation.outputs import HEADS, MARKS

WIDTH, LAYERS, ATTENTION, INNER, VOCABULARY, POSITIONS = 384, 6, 12, 1536, 30_522, 512
_EPSILON: Final = 1e-12
DROPOUT: Final = 0.1


class Layer(nn.Module):  # type: ignore[misc] # torch is untyped here
    """Attention and feed-forward, normalised after each, as in BERT."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.attended = nn.Linear(WIDTH, WIDTH)
        self.attended_norm = nn.LayerNorm(WIDTH, _EPSILON)
        self.inner = nn.Linear(WIDTH, INNER)
        self.outer = nn.Linear(INNER, WIDTH)
        self.outer_norm = nn.LayerNorm(WIDTH, _EPSILON)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x: [texts, tokens, WIDTH]; mask: [texts, 1, 1, tokens], 0 where read and -inf else."""
        texts, tokens, _ = x.shape
        parts = self.qkv(x).view(texts, tokens, 3, ATTENTION, WIDTH // ATTENTION)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        heads = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = heads.transpose(1, 2).reshape(texts, tokens, WIDTH)
        x = self.attended_norm(x + self.drop(self.attended(mixed)))
        return self.outer_norm(x + self.drop(self.outer(F.gelu(self.inner(x)))))


class Network(nn.Module):  # type: ignore[misc]
    """Token ids in, log-odds of every head and of every mark out."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        self.parts = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, _EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.drop = nn.Dropout(DROPOUT)
        self.heads = nn.Linear(2 * WIDTH, len(HEADS))
        self.marks = nn.Linear(WIDTH, len(MARKS))

    def forward(self, ids: Tensor, parts: Tensor, read: Tensor) -> tuple[Tensor, Tensor]:
        """ids, parts, read: int64 [texts, tokens]; part 0 is the text, 1 what it answers.

        Returns ([texts, heads], [texts, tokens, marks]), log-odds.
        """
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.norm(self.words(ids) + self.positions(places) + self.parts(parts))
        mask = (1.0 - read[:, None, None, :].to(x.dtype)) * -1e4
        for layer in self.layers:
            x = layer(x, mask)
        own = (read * (1 - parts)).to(x.dtype)[:, :, None]
        mean = (x * own).sum(1) / own.sum(1).clamp(min=1.0)
        pooled = self.drop(torch.cat([x[:, 0], mean], dim=1))
        return self.heads(pooled), self.marks(x)


def from_base(base: Path) -> Network:
    """The network with the encoder of all-MiniLM-L6-v2 and fresh heads.

    base: the folder with its model.safetensors.
    """
    found = load_file(base / "model.safetensors")
    network = Network()
    missing, unexpected = network.load_state_dict(dict(_renamed(found)), strict=False)
    if unexpected or any(not name.startswith(("heads.", "marks.")) for name in missing):
        raise ValueError(f"not the base that was expected: lacks {missing}, has {unexpected}")
    return network


def _renamed(found: dict[str, Tensor]) -> Any:
    embeddings = {"words": "word", "positions": "position", "parts": "token_type"}
    for ours, theirs in embeddings.items():
        yield f"{ours}.weight", found[f"embeddings.{theirs}_embeddings.weight"]
    yield from _both("norm", "embeddings.LayerNorm", found)
    for number in range(LAYERS):
        theirs, ours = f"encoder.layer.{number}", f"layers.{number}"
        for kind in ("weight", "bias"):
            three = [
                found[f"{theirs}.attention.self.{p}.{kind}"] for p in ("query", "key", "value")
            ]
            yield f"{ours}.qkv.{kind}", torch.cat(three)
        yield from _both(f"{ours}.attended", f"{theirs}.attention.output.dense", found)
        yield from _both(f"{ours}.attended_norm", f"{theirs}.attention.output.LayerNorm", found)
        yield from _both(f"{ours}.inner", f"{theirs}.intermediate.dense", found)
        yield from _both(f"{ours}.outer", f"{theirs}.output.dense", found)
        yield from _both(f"{ours}.outer_norm", f"{theirs}.output.LayerNorm", found)


def _both(ours: str, theirs: str, found: dict[str, Tensor]) -> Any:
    for kind in ("weight", "bias"):
        yield f"{ours}.{kind}", found[f"{theirs}.{kind}"]
