"""`hearth classify`: one model in a process of its own, for as many servers as ask."""

import argparse
import sys
from typing import Any

from server.settings import Settings


def add(commands: Any) -> None:
    """Where it listens."""
    parser = commands.add_parser(
        "classify",
        help="read what servers ask, with one model for all of them",
        description=_classify.__doc__,
    )
    parser.add_argument(
        "--listen",
        metavar="unix:/PATH|HOST:PORT",
        help="[unix:classifier.sock in the data directory]",
    )
    parser.add_argument("--alive", type=int, help=argparse.SUPPRESS)  # the supervisor's own
    parser.set_defaults(run=_classify)


def _classify(asked: argparse.Namespace, settings: Settings) -> None:
    """Load the model that HEARTH_CLASSIFIER names and read with it until told to stop. Start as many as you like, and
    name them all in HEARTH_CLASSIFIERS where the servers run. A Unix socket is for its owner alone; over a network
    each frame is sealed, with what is made from the key file (or HEARTH_CLASSIFIERS_KEY_FILE), and a stranger is sent
    away. A model file that is not the registered one is refused."""
    from moderation.backends import load_classifier  # a model's libraries
    from server import logs
    from server.classifiers.address import Address
    from server.classifiers.secret import classifier_secrets
    from server.classifiers.service import end_with, serve

    logs.set_up(settings.log_level, settings.log_format)
    if asked.alive is not None:
        end_with(asked.alive)
    default = f"unix:{settings.data_dir.resolve() / 'classifier.sock'}"
    address = Address.read(asked.listen or default)
    if address.path is None:
        classifier_secrets(settings)  # told now rather than at the first line
    classifier = load_classifier(settings.classifier, settings.models_dir)

    def ready() -> None:
        print(f"{classifier.version} reads at {address}", file=sys.stderr, flush=True)

    serve(classifier, address, lambda: classifier_secrets(settings), ready)
