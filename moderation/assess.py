"""`hearth assess`: one JSON line in (``text``, optional ``in_reply_to``), one assessment out.

Keys of the answer are stable; later versions only add to them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from moderation.classifier import Assessment, Classifier, Passage
from moderation.errors import ModerationError
from moderation.lexicon import find
from moderation.policy import DEFAULT, Context, Policy, judge
from moderation.sharing import tells_of_its_author

_BATCH: Final = 64


class LineUnreadable(ModerationError):
    """A line is not a JSON object with a ``text``."""

    code = "line_unreadable"


def assess_lines(
    lines: Iterable[str], classifier: Classifier, policy: Policy = DEFAULT
) -> Iterator[str]:
    """One JSON line for each line that is not blank, in the same order, read in batches.

    Raises LineUnreadable, naming the line's number, on the first that cannot be read.
    """
    numbered = ((n, line) for n, line in enumerate(lines, start=1) if line.strip())
    passages = (_passage(number, line) for number, line in numbered)
    while batch := list(islice(passages, _BATCH)):
        for answer in answers(batch, classifier, policy):
            yield json.dumps(answer, ensure_ascii=False)


def answers(
    passages: Sequence[Passage], classifier: Classifier, policy: Policy = DEFAULT
) -> list[dict[str, Any]]:
    """What the classifier reads in each passage, and what the policy makes of it."""
    assessments = classifier.assess(passages)
    return [_answer(p, a, policy) for p, a in zip(passages, assessments, strict=True)]


def _passage(number: int, line: str) -> Passage:
    try:
        raw = json.loads(line)
        text, answered = raw["text"], raw.get("in_reply_to")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise LineUnreadable(f"line {number} is not a JSON object with a text") from None
    if not isinstance(text, str) or not isinstance(answered, str | None):
        raise LineUnreadable(f"line {number}: text and in_reply_to must be strings")
    return Passage(text, answered)


def _answer(passage: Passage, assessment: Assessment, policy: Policy) -> dict[str, Any]:
    hits = find(passage.text)
    verdict = judge(assessment, hits, _context(passage, policy), policy)
    stored = assessment.to_json()
    levels: Any = stored.pop("levels")
    signals: Any = stored["signals"]
    return {
        "signals": signals | {f"{name}_levels": values for name, values in levels.items()},
        "spans": stored["spans"],
        "language": assessment.language,
        "assessed": assessment.assessed,
        "why_not": assessment.why_not,
        "model": assessment.model,
        "policy": {
            "version": verdict.policy,
            "handling": verdict.handling.value,
            "urgency": verdict.urgency.value,
            "about": verdict.about,
            "reasons": [reason.code for reason in verdict.reasons],
            "praise": verdict.praise,
        },
    }


def _context(passage: Passage, policy: Policy) -> Context:
    if passage.in_reply_to is None:
        return Context()
    tells = tells_of_its_author(passage.in_reply_to, policy)
    return Context(is_reply=True, something_to_answer=tells)
