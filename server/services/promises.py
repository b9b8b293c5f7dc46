"""What the place promises: a short list with codes, in the steward's words or the shipped ones."""

from collections.abc import Sequence
from typing import Any

from moderation.cases import SANCTIONS
from server.access import Actor, check
from server.errors import BadFrame, NotFound
from server.protocol import reasons as bodies
from server.services.reason_words import clause_of, find_words, shipped, words
from server.store import audit, promises
from server.store.work import Work

OUTSIDE = "outside"
_FIRST = "kind"
_RESTRICT = frozenset({*map(str, SANCTIONS), "handling", "removal_confirmed"})


def read_promises(work: Work, actor: Actor | None) -> bodies.Promises:
    """For everybody, also before they sign up."""
    check(actor, "place.promises")
    return _body(work)


def change_words(
    work: Work, actor: Actor, code: str, patch: bodies.PromisePatch
) -> bodies.Promises:
    """Other words for a promise, or for the ways outside. Decisions keep the words of their time."""
    check(actor, "steward.promises")
    if code != OUTSIDE and code not in _shipped():
        raise NotFound
    promises.put(work, code, patch.words)
    work.session.flush()
    audit.append(work, actor.id, "place.promise", code)
    return _body(work)


def as_read(clause: str | None, kept: str | None, language: str) -> str | None:
    """A promise as a decision kept it; in the reader's language where it was the shipped one."""
    if clause is None or kept != _shipped().get(clause):
        return kept
    return find_words("promises", clause, language)


def words_of(work: Work, code: str | None) -> str | None:
    """One promise, as it is worded now."""
    if code is None:
        return None
    return promises.own_words(work).get(code) or _shipped().get(code)


def outside(work: Work, language: str) -> str:
    """Where somebody can turn outside this place."""
    return promises.own_words(work).get(OUTSIDE) or words("redress", OUTSIDE, language=language)


def usual_clause(reasons: Sequence[str]) -> Any:
    """What a decision about such a case rests on unless somebody says otherwise."""
    return clause_of(reasons) or _FIRST


def chosen(action: str, asked: str | None, reasons: Sequence[str]) -> str | None:
    """The promise that a decision rests on; kind acts rest on none. Raises BadFrame for an unknown one."""
    if asked is not None and asked not in _shipped():
        raise BadFrame("There is no such promise.")
    return (asked or usual_clause(reasons)) if action in _RESTRICT else None


def _body(work: Work) -> bodies.Promises:
    own = promises.own_words(work)
    shown: list[Any] = [
        {"code": code, "words": own.get(code, said), "shipped": code not in own}
        for code, said in _shipped().items()
    ]
    return bodies.Promises(
        promises=[bodies.Promise.model_validate(one) for one in shown],
        outside=own.get(OUTSIDE) or words("redress", OUTSIDE),
        outside_shipped=OUTSIDE not in own,
    )


def _shipped() -> Any:
    return shipped("promises")
