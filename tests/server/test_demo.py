"""`hearth demo`: filled through the public interface, spread over a week, gone afterwards."""

import asyncio
import contextlib
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import col, select

from moderation.urgency import Urgency
from server.client import Http
from server.clock import SystemClock
from server.demo.child import PortTaken
from server.demo.community import Community, Tone
from server.demo.conversations import load
from server.demo.freshening import freshened
from server.demo.runner import PASSPHRASE, Demo, NotEmpty, Options, run
from server.protocol import bodies, care, escalations, measures
from server.settings import Settings, read_settings
from server.store import beside
from server.store.tables import Message
from server.store.work import Work
from tests.server.live_server import free_port


def settings() -> Settings:
    return read_settings({}, classifier="lexicon", port=free_port())


def two_rooms(community: Community) -> Community:
    """Enough of it for a test."""
    return replace(community, rooms=community.rooms[:2])


def times(work: Work) -> tuple[bool, list[float]]:
    """Whether each room's messages stand in the order of their times; all times, in seconds."""
    query = select(Message).where(col(Message.seq).is_not(None)).order_by(col(Message.seq))
    by_room: dict[UUID, list[float]] = {}
    for message in work.session.exec(query):
        by_room.setdefault(message.room_id, []).append(message.at.timestamp())
    ordered = all(found == sorted(found) for found in by_room.values())
    return ordered, [second for found in by_room.values() for second in found]


def test_only_times_are_freshened_and_the_newest_grave_thread_is_just_now() -> None:
    written = load()
    grave = [message for message in written.messages if message.tone is Tone.WORRYING]
    fresh = freshened(written, {grave[0].key: Urgency.NOW, grave[-1].key: Urgency.SOON})
    before, after = ({m.key: m for m in c.messages} for c in (written, fresh))
    assert {k: replace(m, minutes_before_now=0) for k, m in before.items()} == {
        k: replace(m, minutes_before_now=0) for k, m in after.items()
    }
    assert after[grave[0].key].minutes_before_now < 60
    assert after[grave[-1].key].minutes_before_now < 60


async def test_it_is_filled_spread_over_a_week_and_everybody_printed_can_log_in(
    tmp_path: Path,
) -> None:
    demo = Demo(tmp_path, Options(), settings())
    demo.community = two_rooms(demo.community)
    async with contextlib.AsyncExitStack() as stack:
        await demo.open(stack)
        for role, name in demo.community.logins.items():
            entered = await Http(demo.child.url).log_in(name, PASSPHRASE)
            assert entered.me.role == role
            if role == "clinician":
                await _check_care(Http(demo.child.url, entered.token))
            if role == "moderator":
                queue = await Http(demo.child.url, entered.token).read("/api/queue", bodies.Queue)
    assert queue.cases
    assert any(line.urgency == "now" for line in queue.cases)
    waiting = [line for line in queue.cases if not line.seen_by_a_person]
    assert all(line.opened_at > SystemClock().now() - timedelta(hours=3) for line in waiting)
    await _check_week(demo)


async def _check_care(clinician: Http) -> None:
    """Courses over weeks, two of which are not as expected; whoever looks is told what is there."""
    handed_up = await clinician.read("/api/clinic/escalations", escalations.Escalations)
    assert handed_up.escalations
    rooms = await clinician.read("/api/rooms", bodies.Rooms)
    [group] = [room.id for room in rooms.rooms if room.name == "Evening kitchen table"]
    found = await clinician.read(f"/api/clinic/rooms/{group}/measures", measures.GroupMeasures)
    assert {alert.reason for alert in found.alerts} == {"worse", "no_better"}
    worse = next(alert.member for alert in found.alerts if alert.reason == "worse")
    path = f"/api/clinic/rooms/{group}/people/{worse}"
    person = await clinician.read(f"{path}/measures", measures.PersonMeasures)
    times = [result.at for result in person.courses[0].results]
    assert max(times) - min(times) > timedelta(weeks=9)
    shown = await clinician.read(f"{path}/moods", care.Moods)
    assert len({mood.at.date() for mood in shown.moods}) > 5


async def _check_week(demo: Demo) -> None:
    in_order, seconds = await asyncio.to_thread(beside.do, demo.child.settings, times)
    assert in_order
    assert len(seconds) > 0.9 * len(demo.community.messages)
    assert max(seconds) - min(seconds) > 5 * 24 * 3600


def test_it_fills_no_folder_and_no_port_of_anybody(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("of mine")
    with pytest.raises(NotEmpty):
        run(Options(data=tmp_path), settings())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortTaken):
            run(Options(port=taken.getsockname()[1]), settings())
