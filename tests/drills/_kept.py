"""What a database holds, beside what was promised: read by the server's own code, as after a restart."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlmodel import col, func, select

from server.replay.ledger import Said, digest
from server.store import messages
from server.store.tables import Message, RoomEvent
from server.store.work import Work
from tests.drills._witness import Place


class Kept(NamedTuple):
    """places: the id and the digest of the words of what stands there. gaps: rooms without their numbers.

    damage: what SQLite's own check found; PostgreSQL has none that it would be asked for.
    """

    places: dict[Place, tuple[UUID, bytes]]
    gaps: int
    damage: int


def read_kept(work: Work) -> Kept:
    """Every published message, its words opened."""
    found = work.session.exec(select(Message).where(col(Message.seq).is_not(None)))
    places = {
        (message.room_id, message.seq or 0): (
            message.id,
            digest(messages.open_text(work, message) or ""),
        )
        for message in found
    }
    return Kept(places, _gaps(work), _damage(work))


def compare(promised: Iterable[Said], shown: Mapping[Place, UUID], kept: Kept) -> Counter[str]:
    """lost: acknowledged, and not there. altered: other words. shown_lost: a socket heard what is not there."""
    wrong = Counter({"gaps": kept.gaps, "corrupt": kept.damage})
    for said in promised:
        there = kept.places.get((said.room, said.seq or 0))
        if there is None or there[0] != said.message:
            wrong["lost"] += 1
        elif there[1] != said.digest:
            wrong["altered"] += 1
    here = {place: message for place, (message, _) in kept.places.items()}
    wrong["shown_lost"] = sum(1 for place, message in shown.items() if here.get(place) != message)
    return wrong


def _gaps(work: Work) -> int:
    """Rooms whose numbers are not 1 to n."""
    each = select(func.count(), func.max(RoomEvent.seq)).group_by(col(RoomEvent.room_id))
    return sum(1 for count, last in work.session.exec(each) if count != last)


def _damage(work: Work) -> int:
    if work.connection.dialect.name != "sqlite":
        return 0
    found = work.connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    return 0 if found == ["ok"] else len(found)
