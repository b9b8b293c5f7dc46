"""Fine-tunes an encoder in stages: strong words at large, then everything together.

Each step is decided by the seed and its number alone, and the whole state is written every few
minutes, so that a run that was killed goes on where it was.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name
from torch import Tensor

from moderation.outputs import ABOUT_COLUMNS, HEADS, MARKS, between
from moderation.signals import EMPATHY, TOXICITY
from moderation.training.datasets import Row
from moderation.training.examples import Example, Floats, Reader, batches, mistyped
from moderation.training.lessons import Lessons
from moderation.training.network import Network

CHECKPOINT_EVERY: Final = 100
_EMA: Final = 0.995
_DECAY: Final = 0.01
_TELL_EVERY: Final = 20
_HEADS_LR: Final = 5.0
_WORDS_LR: Final = 0.3
"""Word vectors move slower than the rest: they are most of the weights, and rarely seen."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One pass plan. shares: how often each source is read; its fraction is drawn anew by seed.

    batch_tokens: how many tokens, with their padding, one step reads.
    """

    name: str
    shares: dict[str, float]
    rate: float
    last_rate: float
    batch_tokens: int = 2_048

    def sources(self) -> frozenset[str]:
        """The data sets that it reads."""
        return frozenset(name.split("-")[0] for name in self.shares)


STAGES: Final = (
    Stage(
        "at large",
        {"jigsaw": 0.5, "jigsaw-toxic": 1.0, "balanced": 0.35, "balanced-toxic": 1.0,
         "toxic_spans": 0.8, "context": 0.1, "context-toxic": 1.0,
         "davidson": 0.5, "davidson-toxic": 1.0},
        1.5e-4, 7e-5,
    ),
    Stage(
        "together",
        {"jigsaw": 0.4, "jigsaw-toxic": 1.5, "balanced": 0.1, "balanced-toxic": 0.5,
         "toxic_spans": 1.5, "davidson": 0.15, "davidson-toxic": 0.3,
         "epitome": 5.0, "cssrs": 8.0, "contrast-train": 5.0, "contrast-tone": 9.0,
         "labels": 3.0},
        1.5e-4, 0.0, 4_096,
    ),
)  # fmt: skip

TAUGHT: Final = replace(STAGES[1], rate=7e-5)
"""The second stage once more, gentler: from the average of the seeds, with lessons."""

_MISTYPED_SHARE: Final = 0.12
_HEAD_WEIGHTS: Final = dict.fromkeys(TOXICITY, 0.4) | {
    "toxicity": 1.5, "dismissive": 1.0, "unasked_advice": 1.0, "reader_harm": 0.5,
}  # fmt: skip
_ABOUT_WEIGHT: Final = 0.4
_MARK_WEIGHT: Final = 0.6


def where() -> torch.device:
    """A GPU where one is at hand."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def precision(device: torch.device) -> AbstractContextManager[Any]:
    """bf16 for the products of matrices where the processor reckons in it: twice as quick on a Zen 5.

    Else in full: on an H100 bf16 was slower, for steps this small.
    """
    able = torch.cpu.get_capabilities()
    half = device.type == "cpu" and (able.get("avx512_bf16") or able.get("amx_bf16"))
    products: AbstractContextManager[Any] = torch.autocast(
        "cpu", torch.bfloat16, enabled=bool(half)
    )
    return products


def plan(rows: Sequence[Row], stage: Stage, seed: int) -> list[Row]:
    """The rows of one stage, as often as their source's share says, in random order.

    A source that the stage does not read changes nothing in it, whether it is there or not.
    """
    order = random.Random(f"{seed} {stage.name}")  # noqa: S311 - not secret
    chosen: list[Row] = []
    peers = any(row.source == "epitome" for row in rows)
    for row in rows:
        share = stage.shares.get(_kind(row, stage))
        if share is None:
            continue
        times = int(share) + (order.random() < share % 1)
        chosen += [row] * min(times, 1) + [_quieter(row, peers)] * (times - 1)
    order.shuffle(chosen)
    return chosen


def _kind(row: Row, stage: Stage) -> str:
    """Toxic rows are rare, and our lines on tone alone are short and hard: both have own shares."""
    toxic = f"{row.source}-toxic"
    if row.labels.get("toxicity") and toxic in stage.shares:
        return toxic
    of_tone = row.source == "contrast-train" and "risk" not in row.labels
    if of_tone and row.in_reply_to is None and "contrast-tone" in stage.shares:
        return "contrast-tone"
    return row.source


def _quieter(row: Row, peers: bool) -> Row:
    """Our own pairs speak of empathy once for each time that peers' pairs do it several times."""
    if not peers or not row.source.startswith("contrast"):
        return row
    labels = {name: value for name, value in row.labels.items() if name not in EMPATHY}
    return replace(row, labels=labels)


def examples_of(
    rows: Sequence[Row], reader: Reader, seed: int, lessons: Lessons | None = None
) -> list[Example]:
    """Read once; a share of them mistyped. lessons: what larger readers add, and more texts."""
    order = random.Random(seed)  # noqa: S311 - not secret
    found: list[Example] = []
    for row in rows:
        typed = mistyped(row.text, order) if order.random() < _MISTYPED_SHARE else None
        read = reader.examples(row, typed)
        found += read if lessons is None else (lessons.taught(row, one, typed) for one in read)
    return found + ([] if lessons is None else lessons.unlabelled(reader))


def loss_of(network: Network, batch: Sequence[Example], weights: Tensor) -> Tensor:
    """Of everything that these examples were labelled or taught, summed per example."""
    device = weights.device
    ids, parts, read = padded(batch)
    with precision(device):
        heads, marks = network(ids.to(device), parts.to(device), read.to(device))
    heads, marks = heads.float(), marks.float()
    target, counts = (
        torch.from_numpy(np.stack(rows)).to(device)
        for rows in zip(*((example.target, example.counts) for example in batch), strict=True)
    )
    asked = F.binary_cross_entropy_with_logits(heads, target.clamp(min=0), reduction="none")
    loss = (asked * counts * weights).sum() / len(batch)
    loss = loss + _ABOUT_WEIGHT * _about_loss(heads, target, counts)
    shown, marked = (
        _over_tokens(rows).to(device)
        for rows in zip(*((example.marks, example.marks_count) for example in batch), strict=True)
    )
    words = F.binary_cross_entropy_with_logits(marks, shown.clamp(min=0), reduction="none")
    per_text = (words * marked).sum((1, 2)) / (marked > 0).sum((1, 2)).clamp(min=1)
    return loss + _MARK_WEIGHT * per_text.sum() / len(batch)


def _over_tokens(rows: Sequence[Floats]) -> Tensor:
    found = torch.zeros((len(rows), max(map(len, rows)), len(MARKS)))
    for at, row in enumerate(rows):
        found[at, : len(row)] = torch.from_numpy(row)
    return found


def _about_loss(heads: Tensor, target: Tensor, counts: Tensor) -> Tensor:
    """One question: whom is it about? The answer's chances are its columns of the target."""
    chosen = target[:, ABOUT_COLUMNS].clamp(min=0)
    missed = -(chosen * F.log_softmax(heads[:, ABOUT_COLUMNS], dim=1)).sum(1)
    return (missed * counts[:, ABOUT_COLUMNS.start]).sum() / len(target)


def padded(batch: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """ids, parts and read of a network, int64 [texts, longest]."""
    longest = max(map(len, batch))
    ids, parts, read = (torch.zeros((len(batch), longest), dtype=torch.long) for _ in range(3))
    for at, example in enumerate(batch):
        ids[at, : len(example)] = torch.tensor(example.ids)
        parts[at, : len(example)] = torch.tensor(example.parts)
        read[at, : len(example)] = 1
    return ids, parts, read


def head_weights() -> Tensor:
    """What each head counts in the loss; "about" is one question and has a loss of its own."""
    weights = torch.tensor(
        [_HEAD_WEIGHTS.get(name, 0.5 if ">=" in name else 0.0) for name in HEADS]
    )
    for head in EMPATHY:
        weights[between(f"{head}>=1", f"{head}>=2")] = 1.0
    return weights


def still(seconds: float, steps: int) -> str:
    """How long these steps take, at so many seconds each."""
    return f"{seconds * steps / 60:.0f} min left"


class Run:
    """One seed of one stage: its state on disk, and going on from there."""

    def __init__(
        self,
        stage: Stage,
        rows: Sequence[Row],
        reader: Reader,
        seed: int,
        lessons: Lessons | None = None,
        *,
        keep_every: int = CHECKPOINT_EVERY,
    ) -> None:
        torch.manual_seed(seed)
        self._keep_every = keep_every
        self._stage, self._seed = stage, seed
        found = examples_of(plan(rows, stage, seed), reader, seed, lessons)
        order = random.Random(f"{seed} {stage.name} batches")  # noqa: S311 - not secret
        self._batches = list(batches(found, stage.batch_tokens, order))
        self._weights = head_weights().to(where())

    def finish(self, network: Network, state: Path) -> Network:
        """Trains to the end of the stage; returns the running mean of the weights, on the CPU."""
        network.to(where())
        optimizer = _optimizer(network, self._stage.rate)
        mean = {name: value.clone() for name, value in network.state_dict().items()}
        done = _resume(state, network, optimizer, mean)
        started = time.monotonic()
        for step in range(done, len(self._batches)):
            loss = self._step(step, network, optimizer)
            _follow(mean, network, step)
            if step % _TELL_EVERY == _TELL_EVERY - 1:
                self._tell(step, float(loss), (time.monotonic() - started) / (step + 1 - done))
            if step % self._keep_every == self._keep_every - 1:
                _keep(state, network, optimizer, mean, step + 1)
        network.load_state_dict(mean)
        network.cpu()
        return network

    def _step(self, step: int, network: Network, optimizer: Any) -> Tensor:
        """One batch; all that is drawn in it is decided by the seed and the step's number."""
        _set_rate(optimizer, self._stage, step / len(self._batches))
        torch.manual_seed(self._seed * 1_000_003 + step)
        network.train()
        loss = loss_of(network, self._batches[step], self._weights)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return loss.detach()

    def _tell(self, step: int, loss: float, seconds: float) -> None:
        left = still(seconds, len(self._batches) - step - 1)
        print(
            f"{time.strftime('%H:%M:%S')} seed {self._seed}, {self._stage.name}: "
            f"{step + 1} of {len(self._batches)}, loss {loss:.3f}, {left}",
            flush=True,
        )


def _follow(mean: dict[str, Tensor], network: Network, step: int) -> None:
    """The running mean, quick at first and slow later."""
    with torch.no_grad():
        for name, value in network.state_dict().items():
            mean[name].lerp_(value, 1 - min(_EMA, (step + 1) / (step + 10)))


def _optimizer(network: Network, rate: float) -> Any:
    parts: dict[str, list[Any]] = {"words": [], "heads": [], "rest": []}
    for name, parameter in network.named_parameters():
        kind = name.split(".")[0]
        parts[{"marks": "heads"}.get(kind, kind if kind in parts else "rest")].append(parameter)
    groups = [
        {"params": parts["words"], "scale": _WORDS_LR, "weight_decay": 0.0},
        {"params": parts["rest"], "scale": 1.0, "weight_decay": _DECAY},
        {"params": parts["heads"], "scale": _HEADS_LR, "weight_decay": _DECAY},
    ]
    return torch.optim.AdamW(groups, lr=rate, fused=True)


def _set_rate(optimizer: Any, stage: Stage, progress: float) -> None:
    """Up over the first twentieth, then down in a straight line."""
    up = min(1.0, progress / 0.05 + 1e-3)
    rate = up * (stage.rate + (stage.last_rate - stage.rate) * progress)
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]


def _keep(state: Path, network: Network, optimizer: Any, mean: Any, step: int) -> None:
    """Whole or not at all: a kill in the middle leaves the state before."""
    part = state.with_suffix(".part")
    torch.save(
        {
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "mean": mean,
            "step": step,
        },
        part,
    )
    part.replace(state)


def _resume(state: Path, network: Network, optimizer: Any, mean: Any) -> int:
    if not state.exists():
        return 0
    kept = torch.load(state, weights_only=True, map_location=where())
    network.load_state_dict(kept["network"])
    optimizer.load_state_dict(kept["optimizer"])
    for name, value in kept["mean"].items():
        mean[name].copy_(value)
    return int(kept["step"])
