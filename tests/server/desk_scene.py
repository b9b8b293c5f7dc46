"""The cast of the desk's tests: two rooms, a peer, two moderators on shift, a clinician, a steward."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from server.access import Actor, Role
from server.api.background import do_what_is_due
from server.ids import new_token
from server.protocol import bodies, desk, frames
from server.services import axes, case_view, decisions, notices, queue, undoing
from server.store import messages, rooms
from server.store import undo as stored_undo
from server.store.tables import Case, Membership, Message, Session
from server.store.work import Work
from tests.server.store_fixture import House

REASON = "It was aimed at a person."


class Scene:
    """`elsewhere` is a room that only Still keeps."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def prepare(self) -> "Scene":
        join = self.house.join
        self.marram = await join("marram")
        self.fern = await join("fernhollow", Role.MODERATOR)
        self.still = await join("stillwater", Role.MODERATOR)
        self.linden = await join("linden", Role.CLINICIAN)
        self.keeper = await join("hearthkeeper", Role.STEWARD)
        self.room = await self.house.room(
            "Low days",
            (self.marram, "host"),
            (self.fern, "moderator"),
            (self.still, "moderator"),
            (self.linden, "clinician"),
        )
        self.elsewhere = await self.house.room(
            "Elsewhere", (self.marram, "member"), (self.still, "moderator")
        )
        for actor in (self.fern, self.still, self.linden):
            await self._start_shift(actor)
        self.house.told.clear()
        return self

    async def _start_shift(self, actor: Actor) -> None:
        def verb(work: Work) -> None:
            work.session.add(
                Session(
                    member_id=actor.id, token_digest=new_token().encode(), created_at=work.now,
                    last_seen_at=work.now, expires_at=work.now + timedelta(days=90),
                )
            )  # fmt: skip
            queue.change_shift(work, actor, on=True)

        await self.house.do(verb)

    async def decide(self, actor: Actor, case: Any, action: Any, **more: Any) -> bodies.Case:
        """As the desk does it: so that it can be taken back."""
        asked = bodies.NewDecision(
            action=action, version=case.version, reason=more.pop("reason", REASON),
            undoable=more.pop("undoable", True), **more,
        )  # fmt: skip
        return await self.house.do(lambda work: decisions.decide(work, actor, case.id, asked))

    async def undo(self, actor: Actor, case: Any) -> bodies.Case:
        return await self.house.do(lambda work: undoing.undo(work, actor, case.id))

    async def urgency(self, actor: Actor, case: Any, urgency: Any, **more: Any) -> bodies.Case:
        asked = desk.SetUrgency(version=case.version, urgency=urgency, reason=REASON, **more)
        return await self.house.do(lambda work: axes.set_urgency(work, actor, case.id, asked))

    async def handling(self, actor: Actor, case: Any, handling: Any, **more: Any) -> bodies.Case:
        asked = desk.SetHandling(version=case.version, handling=handling, reason=REASON, **more)
        return await self.house.do(lambda work: axes.set_handling(work, actor, case.id, asked))

    async def wait(self, seconds: float = 31) -> int:
        """The clock moves, and the loop looks once."""
        self.house.clock.move(seconds=seconds)
        return await do_what_is_due(self.house.database, has_command=False)

    async def look(self, actor: Actor, case: Any) -> bodies.Case:
        return await self.house.do(lambda work: case_view.read_case(work, actor, case.id))

    async def told(self, actor: Actor | None = None) -> list[frames.Notice]:
        member = actor or self.marram
        return (await self.house.do(lambda work: notices.list_mine(work, member))).notices

    async def kinds(self) -> list[str]:
        """What Marram was told, the newest first."""
        return [notice.kind for notice in await self.told()]

    async def seat(self) -> Membership:
        found = await self.house.do(
            lambda work: rooms.find_any_seat(work, self.room, self.marram.id)
        )
        assert found is not None
        return found

    async def message(self, message: Message) -> Message:
        found = await self.house.do(lambda work: messages.by_id(work, [message.id]))
        return found[message.id]

    async def row(self, case_id: UUID) -> Case:
        def verb(work: Work) -> Case:
            found = work.session.get(Case, case_id)
            assert found is not None
            return found

        return await self.house.do(verb)

    async def undone(self, case: Any) -> set[UUID]:
        return await self.house.do(lambda work: stored_undo.undone_of(work, case.id))
