"""A member's rights over their data: a copy of all of it, leaving for good with a day to think, holds, days."""

import io
import zipfile
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlmodel import SQLModel, select

from moderation.cases import CaseKind
from moderation.urgency import Urgency
from server.access import Actor, Role
from server.api.background import erase_who_left, remove_what_is_past
from server.errors import BadFrame, NotFound, NotNow
from server.ids import new_id
from server.protocol import rights
from server.protocol.journal import NewJournalEntry
from server.services import (
    case_view,
    erasure,
    exporting,
    journal,
    papers,
    quiet,
    retention,
    sessions,
)
from server.store import erasing, fields, messages, people
from server.store.fields import FIELDS
from server.store.register import OF_MESSAGE, register
from server.store.tables import Case, DataExport, Erasure, Hold, Member, Message, Session
from server.store.work import SessionsEnded, ToRoom, Work
from tests.server.store_fixture import House

PRIVACY = Path(__file__).parents[2] / "docs" / "privacy"
MINE, THEIRS = "the fox under the old bridge", "a heron that nobody else saw"


# --- the register ---


def test_every_table_and_column_has_a_line_in_the_register_and_no_other() -> None:
    stored = {table.name: set(table.columns.keys()) for table in SQLModel.metadata.tables.values()}
    assert len(stored) > 40, "the guard: the tables were found"
    assert {name: set(table.columns) for name, table in register().items()} == stored


def test_every_line_says_what_is_known() -> None:
    for name, table in register().items():
        columns = table.columns.values()
        assert {column.erased for column in columns} <= {"delete", "blank", "shred", "hold", "keep"}
        kinds = {"id", "time", "fact", "words", "name", "secret", "reading", "choice"}
        assert {column.kind for column in columns} <= kinds
        assert table.whose in {"", OF_MESSAGE, *table.columns}, name
        assert all(column.kind != "secret" or not column.is_given for column in columns), name


def test_what_the_register_calls_deleted_is_deleted() -> None:
    named = {name for name, table in register().items() if table.erased == "delete"}
    assert named == erasing.DELETED


def test_every_sealed_column_is_known_to_those_who_change_keys() -> None:
    sealed = {
        f"{name}.{column}"
        for name, table in register().items()
        for column, row in table.columns.items()
        if row.kind == "words"
    }
    assert sealed == {field.name for field in FIELDS}
    binary = {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if column.type.python_type is bytes
    }
    secret = {
        f"{name}.{column}"
        for name, table in register().items()
        for column, row in table.columns.items()
        if row.kind == "secret"
    }
    assert binary - sealed <= secret, "bytes that are no words are digests"


# --- a copy ---


async def furnished(house: House) -> tuple[Actor, Actor, Any]:
    ash, birch = await house.join("Ash"), await house.join("Birch", Role.MODERATOR)
    room = await house.room("Kitchen", (ash, "member"), (birch, "moderator"))
    asked = await house.say(room, birch, THEIRS)
    said = await house.say(room, ash, MINE)

    def more(work: Work) -> None:
        row = work.session.get(Message, said.id)
        assert row is not None
        row.reply_to = asked.id
        work.session.add(row)
        quiet.add_topic(work, ash, "thunder")
        journal.write(work, birch, NewJournalEntry(client_id=new_id(), now="theirs alone"))
        sessions.open_session(work, member(work, ash), "browser")

    await house.do(more)
    return ash, birch, room


def member(work: Work, actor: Actor) -> Member:
    found = people.find_member(work, actor.id)
    assert found is not None
    return found


async def test_a_copy_holds_all_of_ones_own_and_nothing_of_others(any_house: House) -> None:
    ash, _, _ = await furnished(any_house)
    content = await any_house.database.read(partial(exporting.zipped, member_id=ash.id))
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        data, page = packed.read("data.json").decode(), packed.read("read-me.html").decode()
    assert MINE in data
    assert "thunder" in data
    assert MINE in page
    assert "a reply" in page
    for others in (THEIRS, "theirs alone", "Birch"):
        assert others not in data
        assert others not in page
    tables = orjson.loads(data)["tables"]
    given = {name for name, table in register().items() if table.whose and table.given}
    assert set(tables) == given
    assert len(tables["message"]) == len(tables["member"]) == len(tables["session"]) == 1
    assert "token_digest" not in data


async def test_a_page_of_ones_own_words_runs_nothing(house: House) -> None:
    ash = await house.join("Ash")
    room = await house.room("Kitchen", (ash, "member"))
    await house.say(room, ash, "<script>alert(1)</script>")
    content = await house.database.read(partial(exporting.zipped, member_id=ash.id))
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert b"<script>" not in packed.read("read-me.html")


async def test_a_copy_is_fetched_once_within_its_day_by_its_owner(any_house: House) -> None:
    ash, birch, _ = await furnished(any_house)

    async def made() -> rights.DataExport:
        asked = await any_house.do(lambda work: exporting.ask(work, ash))
        again = await any_house.do(lambda work: exporting.ask(work, ash))
        assert again.id == asked.id, "asked twice while it is made is once"
        await any_house.do(lambda work: exporting.finish(work, ash.id, asked.id, 10))
        return asked

    first = await made()
    assert any(getattr(told, "kind", "") == "your_data" for told in any_house.notices(ash))
    with pytest.raises(NotFound):
        await any_house.do(lambda work: exporting.take(work, birch, first.id))
    await any_house.do(lambda work: exporting.take(work, ash, first.id))
    with pytest.raises(NotNow):
        await any_house.do(lambda work: exporting.take(work, ash, first.id))
    any_house.clock.move(hours=23)
    with pytest.raises(NotNow) as refused:
        await any_house.do(lambda work: exporting.ask(work, ash))
    assert "2026-11-17 09:00 UTC" in refused.value.detail
    any_house.clock.move(hours=1)
    second = await made()
    any_house.clock.move(hours=25)
    with pytest.raises(NotNow):
        await any_house.do(lambda work: exporting.take(work, ash, second.id))
    assert await any_house.do(lambda work: exporting.read_newest(work, ash)) is None


async def test_a_sealed_copy_opens_for_its_owner_alone(house: House) -> None:
    ash, _, _ = await furnished(house)
    asked = await house.do(lambda work: exporting.ask(work, ash))
    export = await house.do(lambda work: work.session.get(DataExport, asked.id))
    assert export is not None
    ready = await house.database.read(partial(exporting.make, export=export))
    assert MINE.encode() not in ready.sealed
    opened = await house.do(lambda work: exporting.open_file(work, export, ready.sealed))
    assert opened[:2] == b"PK"


# --- leaving for good ---


async def leave(house: House, who: Actor) -> None:
    await house.do(lambda work: erasure.ask(work, who))
    house.clock.move(hours=25)
    await erase_who_left(house.database)


async def test_nothing_goes_for_a_day_and_it_is_taken_back_in_one_step(any_house: House) -> None:
    ash, _, _ = await furnished(any_house)
    asked = await any_house.do(lambda work: erasure.ask(work, ash))
    assert asked.due_at - asked.asked_at == timedelta(days=1)
    any_house.clock.move(hours=23)
    assert await erase_who_left(any_house.database) == 0
    await any_house.do(lambda work: erasure.take_back(work, ash))
    any_house.clock.move(hours=48)
    assert await erase_who_left(any_house.database) == 0
    assert await words_of(any_house, ash) == [MINE]
    await leave(any_house, ash)
    with pytest.raises(NotNow):
        await any_house.do(lambda work: erasure.take_back(work, ash))


async def words_of(house: House, who: Actor) -> list[str | None]:
    def verb(work: Work) -> list[str | None]:
        found = work.session.exec(select(Message).where(Message.author_id == who.id))
        return [messages.open_text(work, message) for message in found]

    return await house.do(verb)


async def test_who_left_is_gone_and_the_thread_can_still_be_followed(any_house: House) -> None:
    ash, birch, _ = await furnished(any_house)
    any_house.told.clear()
    await leave(any_house, ash)
    changed = [told.frame for told in any_house.told if isinstance(told, ToRoom)]
    assert any(getattr(frame, "change", "") == "withdrawn" for frame in changed)
    assert any(isinstance(told, SessionsEnded) for told in any_house.told)
    assert await words_of(any_house, ash) == [None]

    def look(work: Work) -> None:
        gone = member(work, ash)
        assert (gone.pseudonym, gone.recovery_digest, gone.state) == ("(left)", None, "removed")
        assert not work.session.exec(select(Session).where(Session.member_id == ash.id)).all()
        for name, table in register().items():
            stored = SQLModel.metadata.tables[name]
            if table.erased == "delete" and table.whose in table.columns:
                mine = stored.select().where(stored.c[table.whose] == ash.id)
                assert not work.connection.execute(mine).all(), name
        assert not [
            held
            for field in FIELDS
            for held in fields.of_owner(work, ash.id, field)
            if fields.open_held(work, held)
        ]
        row = work.session.get(Erasure, ash.id)
        assert row is not None
        assert row.done_at is not None

    await any_house.do(look)
    assert await words_of(any_house, birch) == [THEIRS]
    assert await erase_who_left(any_house.database) == 0


async def test_the_last_steward_cannot_leave_the_place_to_nobody(house: House) -> None:
    steward = await house.join("Sage", Role.STEWARD)
    with pytest.raises(NotNow):
        await house.do(lambda work: erasure.ask(work, steward))
    await house.join("Sorrel", Role.STEWARD)
    await house.do(lambda work: erasure.ask(work, steward))


@pytest.mark.parametrize("steps", range(4))
async def test_an_erasure_that_was_cut_off_is_gone_on_with(house: House, steps: int) -> None:
    ash, _, _ = await furnished(house)
    await house.do(lambda work: erasure.ask(work, ash))
    house.clock.move(hours=25)
    for _ in range(steps):
        await house.do(lambda work: erasure.go_on(work, ash.id))
    await erase_who_left(house.database)
    assert await words_of(house, ash) == [None]
    assert (await house.do(lambda work: member(work, ash))).pseudonym == "(left)"


async def test_an_open_safety_case_is_held_for_clinicians_to_a_date(any_house: House) -> None:
    ash = await any_house.join("Ash")
    birch = await any_house.join("Birch", Role.MODERATOR)
    cedar = await any_house.join("Cedar", Role.CLINICIAN)
    seats = ((ash, "member"), (birch, "moderator"), (cedar, "clinician"))
    room = await any_house.room("Kitchen", *seats)
    danger = await any_house.say(room, ash, MINE)
    harsh = await any_house.say(room, ash, "you are all useless")
    case = await any_house.case(room, ash, danger)
    other = await any_house.do(lambda work: _harsh_case(work, room, ash, harsh))
    await leave(any_house, ash)

    async def seen(who: Actor, case_id: Any) -> list[str | None]:
        shown = await any_house.do(lambda work: case_view.view(work, who, _case(work, case_id)))
        return [one.text for one in shown.messages if one.subject]

    assert (await any_house.do(lambda work: _case(work, case.id))).state == "open"
    assert await seen(cedar, case.id) == [MINE]
    assert await seen(birch, case.id) == [None]
    assert await seen(cedar, other) == [None], "what is no safety case is not kept"
    any_house.clock.move(days=91)
    assert await seen(cedar, case.id) == [None]
    await remove_what_is_past(any_house.database)
    assert not await any_house.do(lambda work: work.session.exec(select(Hold)).all())


def _case(work: Work, case_id: Any) -> Case:
    found = work.session.get(Case, case_id)
    assert found is not None
    return found


def _harsh_case(work: Work, room: Any, subject: Actor, message: Message) -> Any:
    case = Case(
        room_id=room, subject_id=subject.id, message_id=message.id,
        open_key=f"message:{message.id}", kind=CaseKind.FLAG, urgency=Urgency.ROUTINE,
        urgency_rank=1, opened_at=work.now, due_at=work.now, policy="1",
    )  # fmt: skip
    work.session.add(case)
    work.session.flush()
    return case.id


async def test_who_was_erased_is_erased_again_in_an_older_database(any_house: House) -> None:
    ash, birch, _ = await furnished(any_house)
    done = await any_house.do(lambda work: erasing.erase_again(work, {ash.id: work.now}))
    assert done == 1
    assert await words_of(any_house, ash) == [None]
    assert await words_of(any_house, birch) == [THEIRS]
    assert await any_house.do(lambda work: erasing.erase_again(work, [ash.id])) == 0


# --- how long things are kept ---


async def test_each_kind_goes_when_its_days_are_over_and_not_before(any_house: House) -> None:
    steward = await any_house.join("Sage", Role.STEWARD)
    ash, _, room = await furnished(any_house)
    await any_house.do(
        lambda work: retention.change(work, steward, "messages", rights.RetentionPatch(days=30))
    )
    any_house.clock.move(days=20)
    assert await remove_what_is_past(any_house.database) == 0
    any_house.clock.move(days=11)
    kept = await any_house.say(room, ash, "this is new")
    await remove_what_is_past(any_house.database)
    assert sorted(filter(None, await words_of(any_house, ash))) == ["this is new"]
    assert await remove_what_is_past(any_house.database) == 0, "twice is once"
    assert kept.id
    any_house.clock.move(days=100)
    assert await remove_what_is_past(any_house.database) > 1, "the session goes with the rest"


async def test_what_an_open_case_needs_stays_past_its_days(house: House) -> None:
    steward = await house.join("Sage", Role.STEWARD)
    ash, _, room = await furnished(house)
    danger = await house.say(room, ash, "I cannot go on")
    await house.case(room, ash, danger)
    await house.do(
        lambda work: retention.change(work, steward, "messages", rights.RetentionPatch(days=30))
    )
    house.clock.move(days=40)
    await remove_what_is_past(house.database)
    assert list(filter(None, await words_of(house, ash))) == ["I cannot go on"]


async def test_a_look_that_was_cut_off_is_gone_on_with_and_noted_only_at_its_end(
    house: House,
) -> None:
    await furnished(house)
    house.clock.move(days=200)
    kind = "sessions"
    ids = await house.do(lambda work: retention.find_past(work, kind))
    assert await house.do(lambda work: retention.remove(work, kind, ids)) == 1
    assert kind in await house.do(retention.find_due), "it did not come to its end"
    await remove_what_is_past(house.database)
    assert kind not in await house.do(retention.find_due)
    house.clock.move(days=1)
    assert kind in await house.do(retention.find_due)


def _set(work: Work, steward: Actor, kind: rights.Kind, days: int) -> None:
    retention.change(work, steward, kind, rights.RetentionPatch(days=days))


async def test_days_are_a_stewards_within_safe_bounds(house: House) -> None:
    steward, ash = await house.join("Sage", Role.STEWARD), await house.join("Ash")
    for kind, rule in retention.RULES.items():
        for days in (rule.fewest - 1, rule.most + 1):
            if days >= 1:
                with pytest.raises(BadFrame):
                    await house.do(partial(_set, steward=steward, kind=kind, days=days))
    with pytest.raises(BadFrame):
        await house.do(
            lambda work: retention.change(work, steward, "sessions", rights.RetentionPatch())
        )
    await house.do(
        lambda work: retention.change(work, steward, "sessions", rights.RetentionPatch(days=10))
    )
    shown = await house.do(lambda work: retention.read_shown(work, None))
    assert {one.kind: one.days for one in shown.kept}["sessions"] == 10
    assert {table.kept for table in register().values()} >= set(retention.RULES)
    back = rights.RetentionPatch(as_shipped=True)
    found = await house.do(lambda work: retention.change(work, steward, "sessions", back))
    assert next(one for one in found.kept if one.kind == "sessions").days == 30
    assert ash


# --- the papers ---


def test_the_papers_say_what_the_register_says() -> None:
    made = papers.all_papers()
    assert {path.name for path in PRIVACY.iterdir()} == set(made)
    for name, text in made.items():
        assert (PRIVACY / name).read_text(encoding="utf-8") == text, (
            "run: hearth privacy --write docs/privacy"
        )
    assert all(f"## {name}\n" in made["processing.md"] for name in register())
