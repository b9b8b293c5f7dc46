"""`hearth assess`: one JSON line in (``text``, optional ``in_reply_to``), one assessment out.

Keys of the answer are stable; later versions only add to them.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from moderation.classifier import Assessment, Classifier, Passage
from moderation.errors import ModerationError
from moderation.lexicon import Hit, find, hits_in, urges_on
from moderation.normalise import normalise
from moderation.phrases import Tokens
from moderation.policy import DEFAULT, Context, Policy, Urgency, judge
from moderation.sharing import tells_of_its_author

_BATCH: Final = 64


class LineUnreadable(ModerationError):
    """A line is not a JSON object with a ``text``."""

    code = "line_unreadable"


def assess_lines(
    lines: Iterable[str], classifier: Classifier, policy: Policy = DEFAULT
) -> Iterator[str]:
    """One JSON line for each line that is not blank, in the same order. What has come is answered, though
    more may follow: many lines together, and one whose sender waits for the answer.

    Raises LineUnreadable, naming the line's number, on the first that cannot be read, once those before it are
    answered.
    """
    for batch in _as_they_come(lines):
        passages, refused = _readable(batch)
        for answer in answers(passages, classifier, policy):
            yield json.dumps(answer, ensure_ascii=False)
        if refused:
            raise refused


_Numbered = tuple[int, str | Exception]
"""A line and its number, or why it did not come."""


def _as_they_come(lines: Iterable[str]) -> Iterator[list[_Numbered]]:
    waiting: queue.Queue[_Numbered | None] = queue.Queue(_BATCH)
    threading.Thread(target=_bring, args=(lines, waiting), name="lines", daemon=True).start()
    more = True
    while more:
        batch = [waiting.get()]
        while batch[-1] and len(batch) < _BATCH and not waiting.empty():
            batch.append(waiting.get())
        more = batch[-1] is not None
        yield [line for line in batch if line]


def _bring(lines: Iterable[str], waiting: queue.Queue[_Numbered | None]) -> None:
    number = 0
    try:
        for number, line in enumerate(lines, start=1):
            waiting.put((number, line))
    except Exception as error:  # raised where the lines are asked for
        waiting.put((number + 1, error))
    waiting.put(None)


def _readable(batch: Iterable[_Numbered]) -> tuple[list[Passage], Exception | None]:
    """Up to the first that cannot be read, and why that cannot be."""
    passages: list[Passage] = []
    for number, line in batch:
        try:
            if isinstance(line, Exception):
                raise line
            if line.strip():
                passages.append(_passage(number, line))
        except UnicodeDecodeError:
            return passages, LineUnreadable(f"line {number} is not UTF-8")
        except Exception as error:
            return passages, error
    return passages, None


def answers(
    passages: Sequence[Passage], classifier: Classifier, policy: Policy = DEFAULT
) -> list[dict[str, Any]]:
    """What the classifier reads in each passage, and what the policy makes of it."""
    assessments = classifier.assess(passages)
    return [_answer(p, a, classifier, policy) for p, a in zip(passages, assessments, strict=True)]


def _passage(number: int, line: str) -> Passage:
    try:
        raw = json.loads(line)
        text, answered = raw["text"], raw.get("in_reply_to")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise LineUnreadable(f"line {number} is not a JSON object with a text") from None
    if not isinstance(text, str) or not isinstance(answered, str | None):
        raise LineUnreadable(f"line {number}: text and in_reply_to must be strings")
    return Passage(text, answered)


def _answer(
    passage: Passage, assessment: Assessment, classifier: Classifier, policy: Policy
) -> dict[str, Any]:
    hits = hits_in(Tokens.of(normalise(passage.text)))
    verdict = judge(assessment, hits, _context(passage, hits, classifier, policy), policy)
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


def _context(
    passage: Passage, hits: Sequence[Hit], classifier: Classifier, policy: Policy
) -> Context:
    before = passage.in_reply_to
    if before is None:
        return Context()
    return Context(
        is_reply=True,
        something_to_answer=tells_of_its_author(before, policy),
        answers_danger=urges_on(hits) and _asks_for_a_person(before, classifier, policy),
    )


def _asks_for_a_person(text: str, classifier: Classifier, policy: Policy) -> bool:
    (read,) = classifier.assess([Passage(text)])
    return judge(read, find(text), Context(), policy).urgency is not Urgency.NONE
