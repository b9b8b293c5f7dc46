"""`python -m moderation.training train|evaluate|measure|draw|card`: see CARD.md for what comes out."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

import moderation
from moderation.registry import MODELS_DIR, find_model
from moderation.training.datasets import SETS

_PRIVATE_MODELS: Final = Path("data/models")
"""Beside the community's own data, which git does not keep; HEARTH_MODELS_DIR names it to the server."""


def main() -> None:
    """Reads the arguments and does one of the five."""
    parser = argparse.ArgumentParser(prog="python -m moderation.training", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    _train_arguments(tasks.add_parser("train", help="fit, blend and register a model"))
    _evaluate_arguments(tasks.add_parser("evaluate", help="every figure of the card"))
    _measure_arguments(tasks.add_parser("measure", help="speed and memory, beside BERT-base"))
    _draw_arguments(tasks.add_parser("draw", help="the pictures of docs/judgement.md"))
    _card_arguments(tasks.add_parser("card", help="the tables of CARD.md, from figures.json"))
    asked = parser.parse_args()
    asked.run(asked)


def _train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    parser.add_argument("--work", type=Path, default=Path(".training"), help="checkpoints")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="one network each")
    parser.add_argument("--without", nargs="*", default=[], choices=SETS, help="sets to leave out")
    parser.add_argument("--labels", type=Path, help="folder of `hearth labels open`: private")
    parser.add_argument("--taught", action="store_true", help="train a teacher, and the average on")
    parser.add_argument("--models", type=Path, help="where to register it")
    parser.set_defaults(run=_train)


def _evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="without it: only our own contrast lines")
    parser.add_argument("--models", type=Path, help="folder of models; default: the shipped ones")
    parser.add_argument("--model", help="a registered version; default: the default")
    parser.add_argument("--json", action="store_true", help="figures as one JSON object")
    parser.set_defaults(run=_evaluate)


def _measure_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_measure)


def _draw_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    parser.add_argument("--out", type=Path, default=Path("docs/judgement"), help="where to draw")
    parser.set_defaults(run=_draw)


def _card_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_card)


def _train(asked: argparse.Namespace) -> None:
    models = models_dir(asked.models, asked.labels)
    from moderation.training.train import train  # torch

    without = frozenset(asked.without)
    seeds, labels, taught = asked.seeds, asked.labels, asked.taught
    version = train(asked.data, asked.work, seeds, without, models, labels, taught=taught)
    print(f"registered {version} in {models}")


def models_dir(asked: Path | None, labels: Path | None) -> Path:
    """Where a new model is registered. Raises SystemExit for a private one among those that are passed on."""
    if labels is None:
        return asked or MODELS_DIR
    models = asked or _PRIVATE_MODELS
    if models.resolve().is_relative_to(Path(moderation.__file__).resolve().parent):
        raise SystemExit(
            "a model trained with labels is private: it does not belong in the package"
        )
    return models


def _evaluate(asked: argparse.Namespace) -> None:
    from moderation.backends import load_embedded
    from moderation.training.evaluate import evaluate

    classifier = load_embedded(find_model(asked.models or MODELS_DIR, asked.model), threads=2)
    figures: dict[str, Any] = evaluate(classifier, asked.data)
    print(json.dumps(figures, indent=None if asked.json else 2))


def _measure(_: argparse.Namespace) -> None:
    from moderation.training.measure import measure

    print(json.dumps(measure()))


def _draw(asked: argparse.Namespace) -> None:
    from moderation.backends import load_classifier
    from moderation.training.pictures import draw

    for path in draw(load_classifier("embedded", threads=2), asked.data, asked.out):
        print(path)


def _card(_: argparse.Namespace) -> None:
    from moderation.training.card import CARD, write

    shipped, other = (
        json.loads(CARD.with_name(name).read_text("utf-8"))
        for name in ("figures.json", "figures-without-epitome.json")
    )
    write(shipped, other)


if __name__ == "__main__":
    main()
