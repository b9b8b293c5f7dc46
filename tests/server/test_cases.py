"""A case begins, is joined, and is heard of."""

import asyncio
from functools import partial

from sqlmodel import select

from moderation.cases import CaseKind
from moderation.urgency import Urgency
from server.access import Role
from server.protocol import frames
from server.services import case_view, conversations, help, notices, publishing
from server.services import messages as verbs
from server.store import cases, rooms
from server.store import messages as stored
from server.store.tables import Case, CaseFlag, Member
from server.store.work import SeatTaken, Work
from tests.server.store_fixture import House


async def test_a_second_flag_joins_the_open_case_and_only_raises_it(any_house: House):
    marram = await any_house.join("marram")
    room = await any_house.room("Low days", (marram, "member"))
    message = await any_house.say(room, marram, "I cannot do this any more")

    first = await any_house.case(room, marram, message, urgency=Urgency.SOON, kind=CaseKind.FLAG)
    any_house.clock.move(minutes=10)
    second = await any_house.case(room, marram, message, urgency=Urgency.NOW)
    third = await any_house.case(room, marram, message, urgency=Urgency.ROUTINE)

    assert first.id == second.id == third.id
    assert (third.urgency, third.kind, third.version) == ("now", "risk", 3)
    assert third.due_at < first.due_at
    assert [frame.alert for frame in any_house.staff()] == [False, True, False]


async def test_what_a_neighbour_took_back_is_read_in_no_other_case(any_house: House):
    house = any_house
    marram, sorrel = await house.join("marram"), await house.join("sorrel")
    fern = await house.join("fernhollow", Role.MODERATOR)
    room = await house.room("Tides", (marram, "member"), (sorrel, "member"), (fern, "moderator"))
    kept = [
        await house.say(room, sorrel, words) for words in ("It stands.", "HIDDEN", "TAKEN-BACK")
    ]
    about = await house.say(room, marram, "What it is about.")
    for message in (kept[2], about):
        taken = frames.Withdraw(type="withdraw", room=room, message=message.id)
        author = marram if message is about else sorrel
        await house.case(room, author, message, kind=CaseKind.FLAG)
        await house.do(partial(verbs.withdraw, actor=author, frame=taken))
    await house.do(lambda work: publishing.hide(work, stored.by_id(work, [kept[1].id])[kept[1].id]))
    (case,) = await house.do(
        lambda work: list(work.session.exec(select(Case).where(Case.message_id == about.id)))
    )
    seen = await house.do(lambda work: case_view.read_case(work, fern, case.id))
    assert [(one.state, one.text) for one in seen.messages] == [
        ("published", "It stands."), ("hidden", None), ("withdrawn", None),
        ("withdrawn", "What it is about."),
    ]  # fmt: skip


async def test_many_flags_at_the_same_moment_make_one_case(any_house: House):
    marram = await any_house.join("marram")
    room = await any_house.room("Low days", (marram, "member"))
    message = await any_house.say(room, marram, "I cannot do this any more")

    raised = await asyncio.gather(*(any_house.case(room, marram, message) for _ in range(8)))

    def count(work: Work) -> tuple[int, int]:
        return len(work.session.exec(select(Case)).all()), len(
            work.session.exec(select(CaseFlag)).all()
        )

    assert len({case.id for case in raised}) == 1
    assert await any_house.do(count) == (1, 8)


async def test_a_refused_post_is_kept_sealed_in_its_case(house: House):
    marram = await house.join("marram")
    room = await house.room("Low days", (marram, "member"))

    case = await house.case(
        room, marram, urgency=Urgency.NOW, kind=CaseKind.LINE, refused_text="I have the pills"
    )

    def flag(work: Work) -> tuple[CaseFlag, str | None]:
        found = cases.flags_of(work, case.id)[0]
        return found, cases.open_flag_text(work, case, found)

    stored, text = await house.do(flag)
    assert (stored.source, text) == ("refused", "I have the pills")
    assert b"pills" not in (stored.sealed or b"")


async def test_a_private_line_seats_every_moderator_and_is_found_again(any_house: House):
    marram, fern, still = [await any_house.join(n) for n in ("marram", "fernhollow", "stillwater")]
    room = await any_house.room(
        "Low days", (marram, "member"), (fern, "moderator"), (still, "moderator")
    )

    line = await any_house.do(lambda work: conversations.open_line(work, marram.id, room))
    await any_house.case(room, marram, kind=CaseKind.LINE, conversation_id=line.id)
    again = await any_house.do(lambda work: conversations.open_line(work, marram.id, room))

    seated = {a.member for a in any_house.told if isinstance(a, SeatTaken) and a.room == line.id}
    head = await any_house.do(lambda work: rooms.get_head(work, line.id))
    assert again.id == line.id
    assert seated == {marram.id, fern.id, still.id}
    assert (head.members, line.kind) == (3, "conversation")


async def test_a_notice_is_told_to_its_receiver_alone_and_sealed(house: House):
    marram = await house.join("marram")
    room = await house.room("Low days", (marram, "member"))

    frame = await house.do(
        lambda work: notices.tell(
            work,
            member_id=marram.id,
            kind="held",
            code="held",
            words=None,
            room_id=room,
            automated=True,
            by_role="machine",
            appealable=True,
        )
    )

    assert house.notices(marram) == [frame]
    assert "waiting" in frame.words
    assert frame.appeal_until is not None


async def test_somebody_in_danger_sees_the_lines_of_their_own_country(house: House):
    marram = await house.join("marram")

    def support(work: Work, country: str | None) -> frames.Support:
        member = work.session.get(Member, marram.id)
        assert member is not None
        member.country = country
        return help.support(work, member, "self")

    at_home = await house.do(lambda work: support(work, "GB"))
    elsewhere = await house.do(lambda work: support(work, "QQ"))
    unset = await house.do(lambda work: support(work, None))

    assert "999" in at_home.emergency
    assert any(line.name.startswith("Samaritans") for line in at_home.lines)
    assert elsewhere.lines == []
    assert "local emergency number" in elsewhere.words
    assert "112" in unset.emergency, "the place is in Ireland"
