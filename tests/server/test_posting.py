"""Saying something: published, nudged or held, once, and never silence for someone in danger."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from moderation.policy import Urgency
from server.access import Actor, Role
from server.errors import Conflict, NotFound
from server.ids import new_id
from server.protocol import bodies, frames
from server.services import decisions, editing, nudging, posting, rooms, seats, wording
from server.services import late as late_reading
from server.services import messages as verbs
from server.services.ordinary import Draft
from server.services.reading import Reading, with_hits
from server.store import cases as stored_cases
from server.store import nudges
from server.store import rooms as stored_rooms
from server.store import well as store_well
from server.store.tables import Shift
from server.store.work import ToRoom
from tests.server.readings import DANGER, calm, harsh, late, severe
from tests.server.store_fixture import House


def post(room: Any, text: str, **more: Any) -> frames.Post:
    return frames.Post(
        type="post", room=room, client_id=more.pop("client_id", new_id()), text=text, **more
    )


async def say(
    house: House, actor: Actor, frame: frames.Post, read: Reading | None = None
) -> list[Any]:
    """As a socket does: ordinary posts in one go, every other by itself."""
    draft = Draft(actor, frame, read or calm(frame.text))
    return await house.database.do_together(posting.POSTS, draft)


async def kitchen(house: House) -> tuple[Actor, Actor, Any]:
    """Ash and Birch in one room."""
    ash, birch = await house.join("Ash"), await house.join("Birch")
    return ash, birch, await house.room("Kitchen", (ash, "member"), (birch, "member"))


async def page_for(house: House, actor: Actor, room: Any) -> Any:
    return await house.do(lambda work: rooms.history(work, actor, room, None))


def types(answers: list[Any]) -> list[str]:
    return [answer.type for answer in answers]


async def test_a_post_is_told_to_the_room_with_the_next_seq(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    first = await say(any_house, ash, post(room, "today was hard"))
    second = await say(any_house, birch, post(room, "I hear you"))
    assert types(first) == types(second) == ["posted"]
    assert second[0].seq == first[0].seq + 1
    told = [
        a.frame
        for a in any_house.told
        if isinstance(a, ToRoom) and isinstance(a.frame, frames.Message)
    ]
    assert [(frame.text, frame.author.name) for frame in told] == [
        ("today was hard", "Ash"),
        ("I hear you", "Birch"),
    ]


async def test_the_same_post_again_gets_the_first_answer_and_no_second_message(
    any_house: House,
) -> None:
    ash, _, room = await kitchen(any_house)
    frame = post(room, "only once")
    first, again = await say(any_house, ash, frame), await say(any_house, ash, frame)
    assert first == again
    told = [
        a for a in any_house.told if isinstance(a, ToRoom) and isinstance(a.frame, frames.Message)
    ]
    assert len(told) == 1


async def test_other_words_under_the_same_client_id_are_refused(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    frame = post(room, "the first words")
    await say(any_house, ash, frame)
    with pytest.raises(Conflict):
        await say(any_house, ash, post(room, "other words", client_id=frame.client_id))


async def test_two_people_may_use_the_same_client_id(house: House) -> None:
    ash, birch, room = await kitchen(house)
    frame = post(room, "hello")
    assert (
        types(await say(house, ash, frame)) == types(await say(house, birch, frame)) == ["posted"]
    )


async def test_a_stranger_to_the_room_learns_nothing_of_it(any_house: House) -> None:
    _, _, room = await kitchen(any_house)
    cedar = await any_house.join("Cedar")
    for target in (room, new_id()):
        with pytest.raises(NotFound) as refused:
            await say(any_house, cedar, post(target, "let me in"))
        assert refused.value.detail == NotFound.detail


@pytest.mark.parametrize(
    ("second", "outcome"),
    [
        ({"text": "you are an idiot", "insist": True}, "sent_as_is"),
        ({"text": "that sounds hard"}, "edited"),
    ],
)
async def test_a_nudged_reply_is_stored_only_when_its_author_sends_it(
    any_house: House, second: dict[str, Any], outcome: str
) -> None:
    ash, birch, room = await kitchen(any_house)
    asked = (await say(any_house, ash, post(room, "nobody listens", ask=True)))[0]
    draft = post(room, "you are an idiot", reply_to=asked.id)
    nudged = await say(any_house, birch, draft, harsh())
    assert types(nudged) == ["nudge"]
    assert nudged[0].words
    assert len((await any_house.do(lambda w: rooms.history(w, ash, room, None))).messages) == 1
    chosen = post(room, reply_to=asked.id, client_id=draft.client_id, **second)
    read = harsh() if second.get("insist") else calm()
    assert types(await say(any_house, birch, chosen, read)) == ["posted"]
    seen = await any_house.do(lambda w: nudges.find(w, birch.id, draft.client_id))
    assert seen is not None
    assert seen.outcome == outcome


async def test_a_discarded_draft_leaves_only_the_fact(house: House) -> None:
    _, birch, room = await kitchen(house)
    draft = post(room, "you are an idiot")
    await say(house, birch, draft, harsh())
    await house.do(lambda work: nudging.discard(work, birch, draft.client_id))
    seen = await house.do(lambda w: nudges.find(w, birch.id, draft.client_id))
    assert seen is not None
    assert seen.outcome == "discarded"
    assert not (await house.do(lambda w: rooms.history(w, birch, room, None))).messages


async def test_severe_abuse_waits_for_a_person_and_only_its_author_sees_it(
    any_house: House,
) -> None:
    ash, birch, room = await kitchen(any_house)
    frame = post(room, "you will be sorry")
    held = await say(any_house, birch, frame, severe())
    assert types(held) == ["held"]
    assert held[0].words
    mine = await any_house.do(lambda w: rooms.history(w, birch, room, None))
    theirs = await any_house.do(lambda w: rooms.history(w, ash, room, None))
    assert [message.text for message in mine.held] == ["you will be sorry"]
    assert not theirs.held
    assert not theirs.messages
    case = await any_house.do(lambda w: stored_cases.find_open(w, held[0].id))
    assert case is not None
    assert case.kind == "held"
    assert types(await say(any_house, birch, frame, severe())) == ["held"], (
        "repeated: the same answer"
    )


async def test_a_hold_says_so_when_nobody_is_there_to_look(any_house: House) -> None:
    _, birch, room = await kitchen(any_house)
    fern = await any_house.join("Fern", Role.MODERATOR)
    await any_house.do(lambda work: _seat_moderator(work, room, fern))
    nobody = (await say(any_house, birch, post(room, "you will be sorry"), severe()))[0]
    assert nobody.words == wording.notice("held", "nobody_on")
    await any_house.do(lambda work: work.session.add(Shift(member_id=fern.id, started_at=work.now)))
    somebody = (await say(any_house, birch, post(room, "so very sorry"), severe()))[0]
    assert somebody.words == wording.notice("held", "held") != nobody.words


async def test_insisting_does_not_pass_a_hold(house: House) -> None:
    _, birch, room = await kitchen(house)
    assert types(
        await say(house, birch, post(room, "you will be sorry", insist=True), severe())
    ) == ["held"]


@pytest.mark.parametrize(
    "read", [calm(DANGER), late(), harsh(), severe()], ids=["calm", "late", "harsh", "severe"]
)
async def test_someone_in_danger_is_published_supported_and_seen_whatever_the_model_says(
    any_house: House, read: Reading
) -> None:
    ash, _, room = await kitchen(any_house)
    reading = Reading(read.assessment, calm(DANGER).hits)
    answers = await say(any_house, ash, post(room, DANGER), reading)
    assert types(answers) == ["posted", "support"]
    assert answers[1].about == "self"
    case = await any_house.do(lambda w: stored_cases.find_open(w, answers[0].id))
    assert case is not None
    assert case.urgency == Urgency.NOW
    assert any(frame.alert for frame in any_house.staff())


async def test_what_nobody_read_is_published_and_never_called_safe(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    assert types(await say(any_house, ash, post(room, "hello there"), late())) == ["posted"]
    waiting = await any_house.do(late_reading.find_unread)
    assert [one.passage.text for one in waiting] == ["hello there"]


async def test_a_late_reading_opens_the_case_it_should_have_opened(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    posted = (await say(any_house, ash, post(room, "hello there"), late()))[0]
    unread = (await any_house.do(late_reading.find_unread))[0]
    assert (await any_house.do(store_well.look)).unread_since == any_house.clock.now()
    assessment = severe().assessment
    for _ in range(2):
        await any_house.do(lambda work: late_reading.record(work, unread.assessment_id, assessment))
    assert await any_house.do(lambda w: stored_cases.find_open(w, posted.id)) is not None
    assert await any_house.do(late_reading.find_unread) == []
    assert (await any_house.do(store_well.look)).unread_since is None
    page = await any_house.do(lambda w: rooms.history(w, ash, room, None))
    assert page.messages[0].content_note, "published words are collapsed, not unsaid"


async def test_a_late_reading_does_not_ask_again_what_a_person_has_judged(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    fern = await any_house.join("Fern", Role.MODERATOR)
    await any_house.do(lambda work: _seat_moderator(work, room, fern))
    unread = with_hits(late().assessment, DANGER)
    judged, changed = [
        (await say(any_house, ash, post(room, DANGER), unread))[0].id for _ in range(2)
    ]
    for message in (judged, changed):
        await any_house.do(partial(_dismiss, actor=fern, message=message))
    any_house.clock.move(minutes=1)
    edit = frames.Edit(
        type="edit", room=room, client_id=new_id(), message=changed, text=DANGER + " now"
    )
    await any_house.do(lambda work: editing.edit(work, ash, edit, late()))
    for waiting in await any_house.do(late_reading.find_unread):
        read = partial(
            late_reading.record, assessment_id=waiting.assessment_id, assessment=calm().assessment
        )
        await any_house.do(read)
    assert await any_house.do(lambda w: stored_cases.find_open(w, judged)) is None
    assert await any_house.do(lambda w: stored_cases.find_open(w, changed)) is not None


async def test_a_pause_never_closes_the_line_to_the_moderators(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    fern = await any_house.join("Fern", Role.MODERATOR)
    await any_house.do(lambda work: _seat_moderator(work, room, fern))
    await any_house.do(lambda work: pause(work, room, ash))
    answers = await say(any_house, ash, post(room, DANGER))
    assert types(answers) == ["support", "refused"]
    assert answers[1].code == "paused"
    line = answers[0].private_line
    assert types(await say(any_house, ash, post(line, "thank you for answering"))) == ["posted"]
    assert await any_house.do(lambda w: stored_rooms.find_seat(w, line, fern.id)) is not None


async def test_a_calm_post_in_a_pause_is_only_refused(house: House) -> None:
    ash, _, room = await kitchen(house)
    await house.do(lambda work: pause(work, room, ash))
    assert types(await say(house, ash, post(room, "hello again"))) == ["refused"]


async def test_an_edit_is_judged_like_a_post(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    posted = (await say(any_house, ash, post(room, "hello")))[0]

    def edit(text: str, read: Reading, **more: Any) -> Any:
        frame = frames.Edit(
            type="edit", room=room, client_id=new_id(), message=posted.id, text=text, **more
        )
        return lambda work: editing.edit(work, ash, frame, read)

    assert types(await any_house.do(edit("you are an idiot", harsh()))) == ["nudge"]
    assert types(await any_house.do(edit("you are an idiot", harsh(), insist=True))) == ["posted"]
    assert types(await any_house.do(edit(DANGER, calm(DANGER)))) == ["posted", "support"]
    page = await any_house.do(lambda w: rooms.history(w, ash, room, None))
    assert page.messages[0].text == DANGER
    assert page.messages[0].edited_at is not None


async def test_an_edit_into_severe_abuse_leaves_everybodys_sight(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    posted = (await say(any_house, ash, post(room, "hello")))[0]
    frame = frames.Edit(
        type="edit", room=room, client_id=new_id(), message=posted.id, text="you will be sorry"
    )
    assert types(await any_house.do(lambda work: editing.edit(work, ash, frame, severe()))) == [
        "held"
    ]
    theirs = await any_house.do(lambda w: rooms.history(w, birch, room, None))
    assert [(message.state, message.text) for message in theirs.messages] == [("hidden", None)]


async def test_nobody_edits_or_withdraws_the_words_of_another(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    posted = (await say(any_house, ash, post(room, "mine")))[0]
    frame = frames.Edit(type="edit", room=room, client_id=new_id(), message=posted.id, text="yours")
    taken = frames.Withdraw(type="withdraw", room=room, message=posted.id)
    with pytest.raises(NotFound):
        await any_house.do(lambda work: editing.edit(work, birch, frame, calm()))
    with pytest.raises(NotFound):
        await any_house.do(lambda work: verbs.withdraw(work, birch, taken))


async def test_withdrawn_words_are_gone(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    posted = (await say(any_house, ash, post(room, "I should not have said this")))[0]
    await any_house.do(
        lambda work: verbs.withdraw(
            work, ash, frames.Withdraw(type="withdraw", room=room, message=posted.id)
        )
    )
    for page in (await page_for(any_house, ash, room), await page_for(any_house, birch, room)):
        assert [(message.state, message.text) for message in page.messages] == [("withdrawn", None)]


async def test_only_the_asker_says_whether_they_felt_heard_and_the_helper_learns_only_that_it_helped(
    any_house: House,
) -> None:
    ash, birch, room = await kitchen(any_house)
    asked = (await say(any_house, ash, post(room, "does anybody know this?", ask=True)))[0]
    reply = (await say(any_house, birch, post(room, "I do, and it is lonely", reply_to=asked.id)))[
        0
    ]

    def answer(actor: Actor, heard: Any) -> Any:
        frame = frames.FeltHeard(type="felt_heard", room=room, message=reply.id, answer=heard)
        return lambda work: verbs.felt_heard(work, actor, frame)

    with pytest.raises(NotFound):
        await any_house.do(answer(birch, "heard"))
    await any_house.do(answer(ash, "not_yet"))
    assert not any_house.notices(birch)
    await any_house.do(answer(ash, "heard"))
    assert [frame.kind for frame in any_house.notices(birch)] == ["helped"]  # type: ignore[attr-defined]


def _dismiss(work: Any, actor: Actor, message: Any) -> None:
    case = stored_cases.find_open(work, message)
    assert case is not None
    asked = bodies.NewDecision(action="dismiss", version=case.version, reason="We spoke.")
    decisions.decide(work, actor, case.id, asked)


def _seat_moderator(work: Any, room: Any, actor: Actor) -> None:
    seats.take_seat(work, room, actor.id, "moderator")


def pause(work: Any, room: Any, actor: Actor) -> None:
    seat = stored_rooms.find_seat(work, room, actor.id)
    assert seat is not None
    seat.paused_until = work.now + timedelta(hours=1)
    work.session.add(seat)
