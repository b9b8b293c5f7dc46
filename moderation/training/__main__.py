"""`python -m moderation.training train|evaluate --data DIR`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from moderation.training.datasets import SETS
from moderation.training.evaluate import evaluate
from moderation.training.train import train


def main() -> None:
    """Reads the arguments and does one of the two."""
    parser = argparse.ArgumentParser(prog="python -m moderation.training", description=__doc__)
    parser.add_argument("task", choices=("train", "evaluate"))
    parser.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    parser.add_argument("--without", nargs="*", default=[], choices=SETS, help="sets to leave out")
    parser.add_argument("--json", action="store_true", help="figures as one JSON object")
    asked = parser.parse_args()
    if asked.task == "train":
        print(f"wrote {train(asked.data, frozenset(asked.without)).name}")
        return
    figures = evaluate(asked.data)
    print(json.dumps(figures, indent=None if asked.json else 2))


if __name__ == "__main__":
    main()
