"""`hearth assess`: JSON lines in (`text`, perhaps `in_reply_to`), one assessment a line out."""

import argparse
import os
import sys
from typing import Any

from server.cli.models import models_home
from server.settings import Settings


def add(commands: Any) -> None:
    """Which backend reads."""
    parser = commands.add_parser(
        "assess", help="read JSON lines, write one assessment a line", description=__doc__
    )
    parser.add_argument(
        "--backend", choices=("embedded", "detoxify", "lexicon"), help="default: the setting"
    )
    parser.set_defaults(run=_assess)


def _assess(asked: argparse.Namespace, settings: Settings) -> None:
    from moderation.assess import assess_lines  # a model's libraries
    from moderation.backends import load_classifier

    backend = asked.backend or settings.classifier
    models_dir = models_home(settings) if backend == "detoxify" else settings.models_dir
    classifier = load_classifier(backend, models_dir, threads=min(4, os.cpu_count() or 1))
    for line in assess_lines(sys.stdin, classifier):
        print(line, flush=True)
