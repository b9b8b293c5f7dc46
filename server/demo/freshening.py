"""Some threads that will open a case happen in the last half hour: somebody can still act on them.

Which ones, the demo asks the same classifier and policy as the server, before anything is said.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from moderation.backends import load_classifier
from moderation.classifier import Assessment, Passage
from moderation.errors import ModerationError
from moderation.urgency import Urgency
from server.demo.community import Community, Message, Thread, Tone
from server.services.reading import SCREENED, with_hits
from server.settings import Settings

_BETWEEN_MIN = 2
_APART_MIN = 7
_JUDGED = frozenset({Tone.WORRYING, Tone.SEVERE})


def freshened(community: Community, urgencies: Mapping[str, Urgency]) -> Community:
    """The same community; the newest thread of each urgency, and of clumsiness, moved to just now."""
    threads = [thread for room in community.rooms for thread in room.threads]
    newest_first = sorted(threads, key=lambda thread: thread[-1].minutes_before_now)
    chosen: dict[str, Thread] = {}
    for thread in newest_first:
        for kind in _kinds(thread, urgencies):
            chosen.setdefault(kind, thread)
    distinct = list(dict.fromkeys(chosen.values()))
    moved = {thread: tuple(_just_now(thread, n)) for n, thread in enumerate(distinct)}
    rooms = (
        replace(room, threads=tuple(moved.get(thread, thread) for thread in room.threads))
        for room in community.rooms
    )
    return replace(community, rooms=tuple(rooms))


def urgencies(community: Community, settings: Settings) -> dict[str, Urgency]:
    """What the server will make of the messages that we meant to be grave, by their keys."""
    grave = [message for message in community.messages if message.tone in _JUDGED]
    assessments = _assess([message.text for message in grave], settings)
    return {
        message.key: with_hits(assessment, message.text).judge(SCREENED).urgency
        for message, assessment in zip(grave, assessments, strict=True)
    }


def _assess(texts: list[str], settings: Settings) -> list[Assessment]:
    """Without a model the lexicon alone decides, as it does in the server."""
    try:
        classifier = load_classifier(settings.classifier, settings.models_dir)
    except ModerationError:
        return [Assessment.not_assessed("broken", model="") for _ in texts]
    return list(classifier.assess([Passage(text) for text in texts]))


def _kinds(thread: Thread, urgencies: Mapping[str, Urgency]) -> Iterator[str]:
    for message in thread:
        if urgencies.get(message.key, Urgency.NONE) is not Urgency.NONE:
            yield str(urgencies[message.key])
        elif message.tone is Tone.CLUMSY:
            yield "flagged"


def _just_now(thread: Thread, number: int) -> Iterator[Message]:
    for position, message in enumerate(thread, start=1):
        to_its_end = (len(thread) - position) * _BETWEEN_MIN
        yield replace(message, minutes_before_now=1 + number * _APART_MIN + to_its_end)
