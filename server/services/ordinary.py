"""Ordinary posts, many in one go: words that are published and call for nothing else.

The same rules as `posting.post`, which does everything else: a repetition, a nudge, a hold, danger, a
private conversation, whatever is refused. Most of what is said is ordinary, so most of the time goes here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from moderation.policy import Context, Handling, Urgency, Verdict
from moderation.sharing import tells_of_its_author
from server.access import Actor, may, relation_of
from server.ids import new_id
from server.protocol import frames
from server.protocol.base import Wire
from server.services import nudging, reading, render
from server.services.reading import Reading
from server.store import messages, posts
from server.store.posts import Facts
from server.store.work import ToRoom, Work


@dataclass(frozen=True, slots=True)
class Draft:
    """A post as it came in, and what was read in it."""

    actor: Actor
    frame: frames.Post
    read: Reading


@dataclass(frozen=True, slots=True)
class _Said:
    draft: Draft
    facts: Facts
    context: Context
    verdict: Verdict


def post_together(work: Work, drafts: Sequence[Draft]) -> list[list[Wire] | None]:
    """The answers for each that is ordinary; None for each that `posting.post` has to look at."""
    answers: list[list[Wire] | None] = [None] * len(drafts)
    taken: set[tuple[UUID, UUID]] = set()
    ordinary: list[tuple[int, _Said]] = []
    for at, draft in enumerate(drafts):
        key = (draft.actor.id, draft.frame.client_id)
        said = None if key in taken else _find_ordinary(work, draft)
        if said:
            taken.add(key)
            ordinary.append((at, said))
    for (at, _), answer in zip(
        ordinary, _publish(work, [said for _, said in ordinary]), strict=True
    ):
        answers[at] = answer
    return answers


def fingerprint_of(work: Work, frame: frames.Post) -> bytes:
    """Of what is said; `insist` is how, not what."""
    parts = (
        str(frame.room),
        frame.text,
        str(frame.reply_to),
        str(frame.ask),
        frame.content_note or "",
    )
    return work.sealer.fingerprint(*parts)


def _find_ordinary(work: Work, draft: Draft) -> _Said | None:
    frame = draft.frame
    facts = posts.find_facts(work, frame.room, draft.actor.id, frame.client_id, frame.reply_to)
    if facts is None or draft.read.may_urge_on or not _may_speak(work, draft, facts):
        return None
    context = _context(work, draft, facts)
    verdict = draft.read.judge(context)
    if verdict.urgency is not Urgency.NONE or verdict.support:
        return None
    if verdict.handling is not Handling.PUBLISH:
        return None
    return _Said(draft, facts, context, verdict)


def _may_speak(work: Work, draft: Draft, facts: Facts) -> bool:
    return (
        may(draft.actor.role, "frame.post", relation_of(facts.seat))
        and facts.left_at is None
        and (facts.paused_until is None or facts.paused_until <= work.now)
        and facts.room_state == "open"
        and facts.room_kind == "room"
        and not facts.client_id_known
        and not facts.answered_blocks
        and (draft.frame.reply_to is None or facts.answered_id is not None)
    )


def _context(work: Work, draft: Draft, facts: Facts) -> Context:
    answers = facts.answered_id is not None
    return Context(
        is_reply=answers and facts.answered_author != draft.actor.id,
        insist=draft.frame.insist,
        tone_nudges=facts.tone_nudges,
        something_to_answer=answers and _gives_something_to_answer(work, draft, facts),
        private=False,
        room=facts.room_slug,
    )


def _gives_something_to_answer(work: Work, draft: Draft, facts: Facts) -> bool:
    if facts.answered_ask or facts.answered_raised:
        return True
    answered = posts.open_answered(work, draft.frame.room, facts)
    return tells_of_its_author(answered, draft.read.policy)


def _publish(work: Work, all_said: Sequence[_Said]) -> list[list[Wire]]:
    """In the order they came; each room's numbers are taken at once."""
    seqs: dict[UUID, Any] = {}
    for room, group in groupby(sorted(said.draft.frame.room for said in all_said)):
        seqs[room] = iter(posts.next_seqs(work, room, len([*group])))
    rows = [_rows(work, said, next(seqs[said.draft.frame.room])) for said in all_said]
    if rows:
        posts.add_all(work, *zip(*rows, strict=True))
    return [_tell(work, said, row[0]) for said, row in zip(all_said, rows, strict=True)]


def _rows(work: Work, said: _Said, seq: int) -> tuple[posts.Row, posts.Row, posts.Row]:
    frame, author = said.draft.frame, said.draft.actor.id
    message_id, note = new_id(), frame.content_note
    message: posts.Row = {
        "id": message_id,
        "room_id": frame.room,
        "seq": seq,
        "author_id": author,
        "author_kind": "person",
        "client_id": frame.client_id,
        "fingerprint": fingerprint_of(work, frame),
        "sealed": messages.sealed(work, author, message_id, frame.room, frame.text),
        "reply_to": frame.reply_to,
        "ask": frame.ask,
        "sealed_note": note and messages.sealed(
            work, author, message_id, frame.room, note, column="sealed_note"
        ),
        "collapsed_by": None,
        "state": "published",
        "at": work.now,
        "published_at": work.now,
        "edited_at": None,
    }  # fmt: skip
    event: posts.Row = {
        "id": new_id(),
        "room_id": frame.room,
        "seq": seq,
        "kind": "message",
        "message_id": message_id,
        "at": work.now,
    }
    assessment = reading.assessment_row(
        message_id, frame.room, said.draft.read, said.verdict, work.now
    )
    return message, event, assessment


def _tell(work: Work, said: _Said, message: posts.Row) -> list[Wire]:
    frame, facts = said.draft.frame, said.facts
    shown = frames.Message(
        room=frame.room,
        seq=message["seq"],
        id=message["id"],
        author=render.author_as(said.draft.actor.id, facts.name, facts.seat, is_bot=facts.is_bot),
        author_kind="person",
        text=frame.text,
        at=work.now,
        client_id=frame.client_id,
        reply_to=frame.reply_to,
        ask=frame.ask,
        content_note=frame.content_note,
        reactions={},
    )
    work.announce(ToRoom(frame.room, shown.seq, shown))
    said.draft.read.note_shadow(work, said.context, said.verdict)
    posted = frames.Posted(
        room=frame.room, client_id=frame.client_id, seq=shown.seq, id=shown.id, at=work.now
    )
    return [posted, *nudging.praise(work, said.draft.actor, frame, said.verdict)]
