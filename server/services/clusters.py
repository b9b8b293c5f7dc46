"""Several members of a room block the same person: a moderator is asked to look, and nobody learns who blocked."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from moderation.cases import CaseKind
from moderation.policy import Urgency
from server.services import cases
from server.services.in_force import find_in_force
from server.store import quiet
from server.store.work import Work

_FIGURES = tomllib.loads(Path(__file__).with_name("quiet.toml").read_text(encoding="utf-8"))
MEMBERS: Final[int] = _FIGURES["members"]
WITHIN: Final = timedelta(days=_FIGURES["days"])
REASON: Final = "blocks"
_WORDS: Final = "Several members of this room have blocked this person lately"


def look(work: Work, person_id: UUID) -> None:
    """After a block: one routine case in each room where there are enough of them, unless one was opened lately.

    What is decided there is told, explained and open to an appeal as after any other case.
    """
    since = work.now - WITHIN
    for room_id in quiet.rooms_with_blocks(work, person_id, since, MEMBERS):
        if quiet.was_raised(work, room_id, person_id, REASON, since):
            continue
        cases.raise_case(
            work,
            room_id=room_id,
            subject_id=person_id,
            message_id=None,
            kind=CaseKind.FLAG,
            urgency=Urgency.ROUTINE,
            handling=None,
            about=None,
            language=None,
            policy=find_in_force(work).policy.version,
            source="rule",
            reasons=[REASON],
            words=[_WORDS],
            spans=[],
        )
