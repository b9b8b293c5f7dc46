"""What a member is asked apart from sign-up: given in full words, dated, and taken back in one step."""

import tomllib
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final

from server.access import Actor, check
from server.errors import NotNow
from server.protocol import consents as bodies
from server.services.asked_words import AskedWords
from server.store import audit, consents, labels
from server.store.place import get_place
from server.store.tables import Consent
from server.store.work import Work

LABELS: Final = "labels"
"""Decisions about one's messages may be copied out to train this place's model."""
LIFE: Final = timedelta(days=365)
"""Then it is asked again: people forget what they once agreed to."""
_FILE: Final = Path(__file__).with_name("consents.toml")


def read_consents(work: Work, actor: Actor, language: str) -> bodies.Consents:
    """What is asked, in this language where we have it, and what was ever agreed to."""
    check(actor, "consent.read")
    return _body(work, actor, language)


def give(work: Work, actor: Actor, scope: bodies.Scope, wording: str) -> bodies.Consents:
    """Agree to the words that were shown. The same again changes nothing.

    Raises NotNow where the place does not ask, Stale when these are not the words of today.
    """
    check(actor, "consent.change")
    language = _words(scope).language_of(wording)
    if not _is_allowed(work):
        raise NotNow("This place does not ask for that at the moment.")
    given = consents.find_standing(work, actor.id, scope)
    if given is None or given.wording != wording:
        until = work.now + LIFE
        row = Consent(
            member_id=actor.id, scope=scope, wording=wording, given_at=work.now, until=until
        )
        work.session.add(row)
        work.session.flush()
        audit.append(work, actor.id, "consent.give", scope)
    return _body(work, actor, language)


def withdraw(work: Work, actor: Actor, scope: bodies.Scope, language: str) -> bodies.Consents:
    """Take it back, also where the place no longer asks. The row stays, with both dates."""
    check(actor, "consent.change")
    given = [
        row
        for row in consents.of_member(work, actor.id)
        if row.scope == scope and row.withdrawn_at is None
    ]
    for row in given:
        row.withdrawn_at = work.now
        work.session.add(row)
    work.session.flush()
    if given:
        audit.append(work, actor.id, "consent.withdraw", scope)
    return _body(work, actor, language)


def _body(work: Work, actor: Actor, language: str) -> bodies.Consents:
    return bodies.Consents(
        asked=[_asked(work, actor, language)],
        ledger=[_row(row) for row in consents.of_member(work, actor.id) if row.room_id is None],
    )


def _asked(work: Work, actor: Actor, language: str) -> bodies.ConsentAsked:
    words = _words(LABELS)
    spoken = words.spoken(language)
    question = words.said(spoken)
    given = consents.find_standing(work, actor.id, LABELS)
    return bodies.ConsentAsked(
        scope="labels",
        wording=words.wording(spoken),
        language=spoken,
        title=question["title"],
        words=question["words"],
        review=question["review"],
        allowed=_is_allowed(work),
        given=_row(given) if given else None,
        copied_at=labels.last_copied(work, actor.id),
    )


def _row(row: Consent) -> bodies.Consent:
    return bodies.Consent(
        scope=row.scope,
        wording=row.wording,
        given_at=row.given_at,
        until=row.until,
        withdrawn_at=row.withdrawn_at,
    )


def _is_allowed(work: Work) -> bool:
    return get_place(work).labels_allowed_at is not None


@cache
def _words(scope: str) -> AskedWords:
    return AskedWords(tomllib.loads(_FILE.read_text(encoding="utf-8"))[scope])
