"""The classifier's process: a line of passages in, a line of assessments out.

`python -m server.classify BACKEND [DIR]`, the child that a server starts for itself; `hearth classify`
serves many (server/classifiers).

It has no socket and no database, and writes nothing but its answers: text never reaches a log.
"""

import contextlib
import os
import sys
from pathlib import Path
from typing import Any, cast

import orjson

from moderation.backends import load_classifier
from moderation.classifier import Passage
from moderation.errors import ModerationError


def main() -> int:
    """Answer until the other end closes. 1 when there is no model that may read: it is said why."""
    with contextlib.suppress(OSError):
        os.nice(5)
    backend, models_dir = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    try:
        classifier = load_classifier(cast("Any", backend), Path(models_dir) if models_dir else None)
    except ModerationError as error:
        sys.stderr.write(f"hearth: the classifier does not start: {error}\n")
        return 1
    classifier.assess([Passage("warm up")])
    _answer({"version": classifier.version})
    for line in sys.stdin.buffer:
        passages = [Passage(text, in_reply_to) for text, in_reply_to in orjson.loads(line)]
        _answer([assessment.to_json() for assessment in classifier.assess(passages)])
    return 0


def _answer(value: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
