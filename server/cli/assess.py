"""`hearth assess`: JSON lines in (`text`, perhaps `in_reply_to`), one assessment a line out."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import orjson

from moderation.classifier import Assessment, Classifier, Passage
from moderation.lexicon import find
from moderation.policy import Context, judge
from server.errors import BadFrame
from server.settings import Settings

_BATCH = 64


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
    from moderation.backends import load_classifier

    classifier = load_classifier(asked.backend or settings.classifier, settings.models_dir)
    for batch in _batches():
        for line in _answers(classifier, batch):
            sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
        sys.stdout.flush()


def _answers(classifier: Classifier, batch: list[Passage]) -> Iterator[dict[str, Any]]:
    for passage, assessment in zip(batch, classifier.assess(batch), strict=True):
        yield _answer(passage, assessment)


def _answer(passage: Passage, assessment: Assessment) -> dict[str, Any]:
    context = Context(is_reply=passage.in_reply_to is not None)
    verdict = judge(assessment, find(passage.text), context)
    levels = {f"{name}_levels": list(values) for name, values in assessment.levels.items()}
    return {
        "signals": {**assessment.signals, **levels},
        "spans": [
            {"signal": span.signal, "start": span.start, "end": span.end}
            for span in assessment.spans
        ],
        "language": assessment.language,
        "assessed": assessment.assessed,
        "model": assessment.model,
        "policy": {
            "handling": verdict.handling,
            "urgency": verdict.urgency,
            "reasons": [reason.code for reason in verdict.reasons],
        },
    }


def _batches() -> Iterator[list[Passage]]:
    batch: list[Passage] = []
    for number, line in enumerate(sys.stdin.buffer, start=1):
        batch.append(_passage(number, line))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _passage(number: int, line: bytes) -> Passage:
    try:
        parsed = orjson.loads(line)
        return Passage(str(parsed["text"]), parsed.get("in_reply_to"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadFrame(
            f"line {number}: needs a JSON object with `text`, and perhaps `in_reply_to`."
        ) from None
