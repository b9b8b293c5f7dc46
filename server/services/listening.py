"""What a listener missed: everything that took a `seq` after theirs, as they may see it now."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from server.access import EVENTS, Actor, Relation, check, relation_of
from server.live.encoding import encode
from server.live.feed import Since
from server.live.pages import Missed
from server.protocol import frames
from server.protocol.base import Wire
from server.services import render
from server.store import audit, changes, crossing, entering, messages, place, rooms
from server.store.changes import Change
from server.store.entering import Standing
from server.store.work import Database, ToRoom, Work

PAGE = 200


def hears_of_cases(actor: Actor) -> bool:
    """Whether there may be rooms whose cases concern the actor; never for peers."""
    return any(role is actor.role for role, _ in EVENTS["queue"])


def keeps(work: Work, actor: Actor) -> dict[UUID, Relation]:
    """The rooms that the actor keeps or cares for, by their seats: who gets what of them is asked when it is told.

    Also where the role opens nothing: what is set aside is not for whoever sits there to keep the room.
    """
    seats = entering.seats(work, actor.id).items()
    relations = {room: relation_of(seat) for room, seat in seats}
    return {room: one for room, one in relations.items() if one is not Relation.SEAT}


def start(work: Work, actor: Actor, room_id: UUID) -> Standing:
    """Where a listener stands when it begins. Raises NotFound unless the actor sits there."""
    standing = entering.find_standing(work, room_id, actor.id)
    check(actor, "frame.join", relation_of(standing.seat if standing else None))
    assert standing is not None  # noqa: S101 - checked just now
    return standing


class StoredPages:
    """What was missed, for those who catch up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check_seat(self, actor: Actor, room: UUID) -> None:
        """Raises NotFound unless the actor may listen there now."""
        await self._database.read(lambda work: start(work, actor, room))

    async def page_after(self, room: UUID, seq: int) -> list[Missed]:
        """The next changes, encoded where they are read: it keeps nobody else waiting."""
        return await self._database.read(lambda work: _encoded(page_after(work, room, seq)))


def _encoded(page: list[tuple[int, Wire]]) -> list[Missed]:
    return [Missed(seq, frame.type, encode(frame)) for seq, frame in page]  # type: ignore[attr-defined]


def page_after(work: Work, room_id: UUID, seq: int) -> list[tuple[int, Wire]]:
    """The next changes with their `seq`, at most PAGE: the same for all who may listen there."""
    page = changes.after(work, room_id, seq, PAGE)
    reacted = {one.message.id for one in page if one.message and one.is_reacted_to}
    counts = messages.reactions_of(work, list(reacted)) if reacted else {}
    return [(one.seq, _frame(work, room_id, one, counts)) for one in page]


def _frame(work: Work, room_id: UUID, one: Change, counts: dict[UUID, Any]) -> Wire:
    bare = frames.Changed(room=room_id, seq=one.seq)
    message = one.message
    if message is None:
        return bare.model_copy(update={"change": one.kind, "at": one.at})
    if message.state != "published" and one.kind not in {"withdrawn", "hidden"}:
        return bare
    if one.kind == "message":
        text = messages.open_text(work, message) or ""
        by = render.author_as(message.author_id, one.name, one.seat, is_bot=one.is_bot)
        return render.message(work, message, text, by, counts.get(message.id))
    if one.kind == "reaction":
        return frames.Reacted(
            room=room_id, seq=one.seq, message=message.id, reactions=counts.get(message.id, {})
        )
    return render.change(work, message, one.kind, seq=one.seq, at=one.at)


def rooms_with_moderator(work: Work, room_ids: list[UUID]) -> set[UUID]:
    """Those of these rooms where somebody who keeps them is on shift."""
    return set(rooms.on_shift(work, room_ids))


class Begun(NamedTuple):
    """The place as a worker began. restored_at: when it had last been put back, where it ever was."""

    epoch: str
    restored_at: datetime | None


def begun(work: Work) -> Begun:
    """As it stands now."""
    return Begun(place.get_epoch(work), audit.newest_of(work, audit.RESTORED))


class StoredFeed:
    """What happened at other workers, for those who listen here. begun: as this worker did."""

    def __init__(self, database: Database, begun: Begun) -> None:
        self._database = database
        self._begun = begun

    async def newest(self) -> int:
        """The number of what was told last."""
        return await self._database.read(crossing.newest)

    async def since(self, number: int, known: Collection[int], rooms: dict[UUID, int]) -> Since:
        """What was told after a number but for some, and what changed in rooms after a `seq`: of one moment."""
        return await self._database.read(lambda work: _since(work, number, known, rooms))

    async def name_of(self, room: UUID, member: UUID) -> str | None:
        """None for who does not sit there."""
        return await self._database.read(lambda work: entering.name_in(work, room, member))

    async def went_back(self, number: int, rooms: dict[UUID, int]) -> bool:
        """Whether the place began anew since this worker did, or less stands there than was told."""
        return await self._database.read(
            lambda work: _went_back(work, self._begun.epoch, number, rooms)
        )

    async def begin_anew(self) -> None:
        """Every position from before is worthless, unless another worker has said so."""
        await self._database.do(lambda work: _begin_anew(work, self._begun))


def _went_back(work: Work, epoch: str, number: int, told: dict[UUID, int]) -> bool:
    if place.get_epoch(work) != epoch or crossing.newest(work) < number:
        return True
    heads = rooms.heads(work, list(told))
    return any(heads.get(room, 0) < seq for room, seq in told.items())


def _begin_anew(work: Work, before: Begun) -> None:
    now = begun(work)
    since = now.restored_at and (not before.restored_at or now.restored_at > before.restored_at)
    if since and now.epoch != before.epoch:
        return  # another worker was first
    back_to = audit.newest_at(work) or work.now
    if place.renew_epoch(work, now.epoch):
        audit.append_restore(work, back_to)


def _since(work: Work, number: int, known: Collection[int], at: dict[UUID, int]) -> Since:
    told, reached, more = crossing.after(work, number, known)
    changed: list[ToRoom] = []
    # A seat that ended further on is heard of before what changed after it: all that was told comes first.
    for room in () if more else _moved(work, at):
        page = page_after(work, room, at[room])
        changed += [ToRoom(room, one, frame) for one, frame in page]
        more = more or len(page) == PAGE
    return Since(reached, told, changed, more)


def _moved(work: Work, at: dict[UUID, int]) -> list[UUID]:
    """The rooms that stand higher now; one alone is worth no question of its own."""
    if len(at) < 2:
        return list(at)
    return [room for room, seq in rooms.heads(work, list(at)).items() if seq > at[room]]
