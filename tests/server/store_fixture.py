"""A real database of either kind, a clock that tests move, and a named cast."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlmodel import Session, SQLModel

from moderation.cases import CaseKind
from moderation.policy import Handling
from moderation.urgency import Urgency
from server.access import Actor, Role
from server.ids import new_id
from server.protocol import frames
from server.services import cases, publishing, seats
from server.store import messages
from server.store.engines import migration_engine, sqlite_engine
from server.store.keys import KeyFile, KeyStore
from server.store.postgres import PostgresDatabase
from server.store.sealing import Sealer
from server.store.sqlite import SqliteDatabase
from server.store.tables import Case, Member, Message, Place, Room, RoomHead
from server.store.work import Announcement, Database, ToMember, ToStaff, Work
from tests import engines

Result = TypeVar("Result")
MONDAY = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


class TestClock:
    """Stands still until a test moves it."""

    __test__ = False

    def __init__(self, at: datetime = MONDAY) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class House:
    """A place with its database open: `do` runs a verb, `told` is what the world heard."""

    database: Database
    clock: TestClock
    told: list[Announcement] = field(default_factory=list)

    async def do(self, verb: Callable[[Work], Result]) -> Result:
        return await self.database.do(verb)

    def notices(self, member: Actor) -> list[object]:
        """The frames this member was sent."""
        return [a.frame for a in self.told if isinstance(a, ToMember) and a.member == member.id]

    def staff(self) -> list[frames.QueueChanged]:
        """What the queue was told."""
        heard = [a.frame for a in self.told if isinstance(a, ToStaff)]
        return [frame for frame in heard if isinstance(frame, frames.QueueChanged)]

    async def join(self, name: str, role: Role = Role.PEER) -> Actor:
        """A member of the cast."""
        actor = Actor(new_id(), name, role, new_id())

        def verb(work: Work) -> None:
            member = Member(
                id=actor.id, pseudonym=name, name_key=name.lower(), role=role, joined_at=work.now
            )
            work.session.add(member)

        await self.do(verb)
        return actor

    async def room(self, name: str, *seated: tuple[Actor, str]) -> UUID:
        """A room and who sits in it."""
        room_id = new_id()

        def verb(work: Work) -> None:
            room = Room(
                id=room_id, slug=str(room_id), name=name, purpose="To talk.", created_at=work.now
            )
            work.session.add(room)
            work.session.flush()
            work.session.add(RoomHead(room_id=room_id))
            work.session.flush()
            for actor, seat in seated:
                seats.take_seat(work, room_id, actor.id, seat)

        await self.do(verb)
        return room_id

    async def say(self, room_id: UUID, author: Actor, text: str) -> Message:
        """A published message."""
        return await self.do(lambda work: publishing.say(work, room_id, author.id, text))

    async def hold(self, room_id: UUID, author: Actor, text: str) -> Message:
        """A message that waits for a moderator."""

        def verb(work: Work) -> Message:
            message = Message(
                room_id=room_id, author_id=author.id, client_id=new_id(), fingerprint=b"",
                state="held", at=work.now,
            )  # fmt: skip
            messages.seal_text(work, message, text)
            work.session.add(message)
            return message

        return await self.do(verb)

    async def case(
        self,
        room_id: UUID,
        subject: Actor,
        message: Message | None = None,
        *,
        urgency: Urgency = Urgency.NOW,
        kind: CaseKind = CaseKind.RISK,
        reasons: Sequence[str] = ("risk_intent",),
        refused_text: str | None = None,
        conversation_id: UUID | None = None,
    ) -> Case:
        """A case raised by the machine."""
        return await self.do(
            lambda work: cases.raise_case(
                work,
                room_id=room_id,
                subject_id=subject.id,
                message_id=message.id if message else None,
                kind=kind,
                urgency=urgency,
                handling=Handling.PUBLISH,
                about="self",
                language="en",
                policy="1",
                source="classifier",
                reasons=[*reasons],
                words=["It says that its author means to act."],
                spans=[{"start": 0, "end": 4, "signal": "risk"}],
                refused_text=refused_text,
                conversation_id=conversation_id,
            )
        )


def sealer_in(folder: Path) -> Sealer:
    """A key file and a key store of their own."""
    KeyFile.make(folder / "hearth.key")
    key_file = KeyFile.read(folder / "hearth.key")
    return Sealer(key_file, KeyStore(folder / "keys.sqlite3", key_file))


def open_sqlite(folder: Path, clock: TestClock, told: list[Announcement]) -> SqliteDatabase:
    """An empty embedded database with every table."""
    path = folder / "hearth.sqlite3"
    path.write_bytes(_sqlite_file())
    return SqliteDatabase(path, sealer_in(folder), clock, told.extend)


@cache
def _sqlite_file() -> bytes:
    """Made once: a copy costs a hundredth of it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "hearth.sqlite3"
        engine = sqlite_engine(path, writes=True)
        with engine.begin() as connection:
            SQLModel.metadata.create_all(connection)
            _found(Session(connection))
        engine.dispose()
        return path.read_bytes()


async def open_postgres(
    url: str, folder: Path, clock: TestClock, told: list[Announcement]
) -> PostgresDatabase:
    """An empty PostgreSQL database with every table."""
    await _found_postgres(url)
    return PostgresDatabase(url, sealer_in(folder), clock, told.extend)


async def _found_postgres(url: str) -> None:
    engine = migration_engine(url, Path())
    async with engine.begin() as connection:  # type: ignore[union-attr]
        await connection.run_sync(SQLModel.metadata.create_all)
        await connection.run_sync(lambda sync: _found(Session(sync)))
    await engine.dispose()  # type: ignore[misc]


def _found(session: Session) -> None:
    session.add(
        Place(
            epoch="first", name="Hearth", about="A place to talk.", sign_up="open",
            minimum_age=16, country="IE", created_at=MONDAY,
        )
    )  # fmt: skip
    session.flush()


@pytest.fixture
def usual_server(request: pytest.FixtureRequest) -> Any:
    """As `server`, for whoever is content with one: what this run of the tests is on."""
    return request.getfixturevalue("postgres") if engines.are_shared() else None


@pytest.fixture
async def house(usual_server: Any, tmp_path: Path) -> AsyncIterator[House]:
    """A place."""
    async with _open(usual_server, tmp_path) as house:
        yield house


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> Any:
    """None for the embedded database, else a PostgreSQL server."""
    return request.getfixturevalue("postgres") if request.param == "postgres" else None


@pytest.fixture
async def any_house(server: Any, tmp_path: Path) -> AsyncIterator[House]:
    """The same place on each database."""
    async with _open(server, tmp_path) as house:
        yield house


@asynccontextmanager
async def _open(server: Any, tmp_path: Path) -> AsyncIterator[House]:
    clock, told = TestClock(), []  # type: ignore[var-annotated]
    database: Database
    if server is None:
        database = open_sqlite(tmp_path, clock, told)
    else:
        url = await server.clone("house", _found_postgres)
        database = PostgresDatabase(url, sealer_in(tmp_path), clock, told.extend)
    yield House(database, clock, told)
    await database.close()
    if server is not None:
        await server.drop(url)
