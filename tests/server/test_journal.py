"""A member's own journal: for them alone, and locked by a key of their own, whole or not at all."""

import base64
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlmodel import select
from starlette.types import Message, Receive, Scope, Send

from server.access import Actor, Relation, Role, may
from server.api.shield import Shield
from server.errors import BadFrame, Conflict, NotFound, Stale
from server.ids import new_id
from server.protocol import journal as bodies
from server.services import journal
from server.store import erasing, own_data
from server.store import journal as stored
from server.store.tables import JournalEntry, JournalLock
from server.store.work import Work
from tests.server.store_fixture import House

SAID = "Heavy, like wet wool."
PROOF, CIPHERTEXT, OTHER = (base64.b64encode(bytes(range(n, n + 90))).decode() for n in (0, 1, 2))


async def write(house: House, actor: Actor, **said: Any) -> bodies.JournalEntry:
    new = bodies.NewJournalEntry(**{"client_id": new_id(), **said})
    return await house.do(lambda work: journal.write(work, actor, new))


async def read(house: House, actor: Actor, before: UUID | None = None) -> bodies.Journal:
    return await house.do(lambda work: journal.list_mine(work, actor, before))


async def turn(
    house: House, actor: Actor, version: int, proof: str | None, *entries: dict[str, Any]
) -> bodies.JournalLock:
    turned = [bodies.TurnedEntry(**one) for one in entries]
    new = bodies.JournalTurn(version=version, proof=proof, entries=turned)
    return await house.do(lambda work: journal.turn(work, actor, new))


async def locked(house: House, actor: Actor) -> bodies.JournalEntry:
    """One entry, under a key of its member's own."""
    one = await write(house, actor, words=SAID)
    await turn(house, actor, 0, PROOF, {"id": one.id, "locked": CIPHERTEXT})
    return one


async def test_a_journal_is_sealed_and_opens_to_whoever_wrote_it_alone(any_house: House) -> None:
    fern, ash = await any_house.join("Fern", Role.MODERATOR), await any_house.join("Ash")
    first = await write(any_house, fern, now=SAID, helps="A walk.")
    second = await write(any_house, fern, words="Free words.")
    assert (first.now, first.stays, first.helps, first.words) == (SAID, None, "A walk.", None)
    assert (await read(any_house, fern)).entries == [second, first]
    assert (await read(any_house, ash)).entries == []

    kept = await any_house.do(lambda work: work.session.exec(select(JournalEntry.sealed)).all())
    assert not any(b"wool" in sealed for sealed in kept)
    with pytest.raises(NotFound):
        await any_house.do(lambda work: journal.erase(work, ash, first.id))
    await any_house.do(lambda work: journal.erase(work, fern, first.id))
    assert (await read(any_house, fern)).entries == [second]


async def test_words_whose_answer_was_lost_are_kept_once(any_house: House) -> None:
    ash, fern = await any_house.join("Ash"), await any_house.join("Fern")
    sent = new_id()
    first = await write(any_house, ash, client_id=sent, words=SAID)
    any_house.clock.move(seconds=20)
    assert await write(any_house, ash, client_id=sent, words=SAID) == first
    with pytest.raises(Conflict):
        await write(any_house, ash, client_id=sent, words="Other words.")
    theirs = await write(any_house, fern, client_id=sent, words="Another member's, of that id.")
    assert theirs.words != SAID
    await turn(any_house, ash, 0, PROOF, {"id": first.id, "locked": CIPHERTEXT})
    again = await write(any_house, ash, client_id=sent, words=SAID)
    assert (again.id, again.locked) == (first.id, CIPHERTEXT), "turned meanwhile, and still one"
    again = await write(any_house, ash, client_id=sent, locked=OTHER, version=1)
    assert (again.id, again.locked) == (first.id, CIPHERTEXT)
    assert len((await read(any_house, ash)).entries) == 1


def test_every_member_has_one_and_no_row_opens_it_to_anybody_else() -> None:
    for role in set(Role) - {Role.STRANGER}:
        assert may(role, "journal.own")
        assert not any(may(role, "journal.own", one) for one in set(Relation) - {Relation.NONE})


async def test_a_journal_whose_key_is_gone_says_nothing(house: House) -> None:
    ash = await house.join("Ash")
    await write(house, ash, words=SAID)
    await house.do(lambda work: work.sealer.shred(ash.id, work.now))
    [entry] = (await read(house, ash)).entries
    assert not entry.is_readable


async def test_nothing_and_both_kinds_at_once_are_refused(house: House) -> None:
    ash = await house.join("Ash")
    with pytest.raises(BadFrame):
        await write(house, ash)
    wrongs: tuple[dict[str, Any], ...] = (
        {"words": SAID, "locked": CIPHERTEXT},
        {"words": "x" * (bodies.WORDS + 1)},
        {"locked": "no base64 at all, but long enough to be it"},
    )
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            bodies.NewJournalEntry(**wrong)


async def test_beyond_a_hundred_one_reads_on(any_house: House) -> None:
    ash = await any_house.join("Ash")
    for number in range(101):
        await write(any_house, ash, words=f"Day {number}.")
    newest = await read(any_house, ash)
    assert [one.words for one in newest.entries] == [
        f"Day {number}." for number in range(100, 0, -1)
    ]
    assert newest.more
    rest = await read(any_house, ash, newest.entries[-1].id)
    assert ([one.words for one in rest.entries], rest.more) == (["Day 0."], False)


# --- a key of one's own ---


async def test_the_key_is_turned_whole_and_turned_back(any_house: House) -> None:
    ash = await any_house.join("Ash")
    one, two = [await write(any_house, ash, words=word) for word in ("One.", "Two.")]
    both = [{"id": one.id, "locked": CIPHERTEXT}, {"id": two.id, "locked": OTHER}]
    assert (await turn(any_house, ash, 0, PROOF, *both)).version == 1
    there = await read(any_house, ash)
    assert (there.proof, [entry.locked for entry in there.entries]) == (PROOF, [OTHER, CIPHERTEXT])
    assert not any(entry.is_readable for entry in there.entries)
    assert [entry.at for entry in there.entries] == [two.at, one.at]

    three = await write(any_house, ash, locked=CIPHERTEXT, version=1)
    every = [{"id": each.id, "words": "Back."} for each in (one, two, three)]
    assert (await turn(any_house, ash, 1, None, *every)).version == 2
    back = await read(any_house, ash)
    assert (back.proof, [entry.words for entry in back.entries]) == (None, ["Back."] * 3)


async def test_what_was_written_or_erased_or_turned_meanwhile_is_not_lost(house: House) -> None:
    ash = await house.join("Ash")
    one, two = [await write(house, ash, words=word) for word in ("One.", "Two.")]
    first, second = ({"id": each.id, "locked": CIPHERTEXT} for each in (one, two))
    with pytest.raises(Stale):
        await turn(house, ash, 0, PROOF, first)
    with pytest.raises(Stale):
        await turn(house, ash, 0, PROOF, first, second, {"id": new_id(), "locked": CIPHERTEXT})
    with pytest.raises(Stale):
        await turn(house, ash, 1, PROOF, first, second)
    there = await read(house, ash)
    assert (there.version, there.proof) == (0, None)
    assert [entry.words for entry in there.entries] == ["Two.", "One."]


async def test_no_readable_word_is_left_behind_nor_written_beside_the_lock(house: House) -> None:
    ash = await house.join("Ash")
    one = await write(house, ash, words=SAID)
    for left in ({"id": one.id}, {"id": one.id, "words": SAID}):
        with pytest.raises(BadFrame):
            await turn(house, ash, 0, PROOF, left)
    assert (await read(house, ash)).proof is None
    await turn(house, ash, 0, PROOF, {"id": one.id, "locked": CIPHERTEXT})
    with pytest.raises(Stale):
        await write(house, ash, words="By a tab that knows of no key.")
    with pytest.raises(Stale):
        await write(house, ash, locked=CIPHERTEXT, version=0)
    assert len((await read(house, ash)).entries) == 1


async def test_ciphertext_is_not_taken_where_no_key_was_turned(house: House) -> None:
    ash = await house.join("Ash")
    with pytest.raises(Stale):
        await write(house, ash, locked=CIPHERTEXT)


async def test_where_the_code_is_lost_all_is_let_go_of_and_begun_anew(any_house: House) -> None:
    ash, birch = await any_house.join("Ash"), await any_house.join("Birch")
    await locked(any_house, ash)
    others = await write(any_house, birch, words="Birch's.")
    await any_house.do(lambda work: journal.erase_all(work, ash))
    there = await read(any_house, ash)
    assert (there.version, there.proof, there.entries) == (2, None, [])
    await write(any_house, ash, words="Anew.")
    assert (await read(any_house, birch)).entries == [others]


async def test_it_goes_with_its_member(house: House) -> None:
    ash = await house.join("Ash")
    await locked(house, ash)
    await house.do(lambda work: erasing.erase_rows(work, ash.id))

    def left(work: Work) -> list[Any]:
        return [*work.session.exec(select(JournalEntry)), *work.session.exec(select(JournalLock))]

    assert await house.do(left) == []


async def test_a_copy_of_ones_data_gives_it_as_it_is_kept(house: House) -> None:
    ash = await house.join("Ash")
    await write(house, ash, words=SAID)
    [row] = (await house.do(lambda work: own_data.collect(work, ash.id)))["journal_entry"]
    assert SAID in row["sealed"]
    [entry] = (await read(house, ash)).entries
    await turn(house, ash, 0, PROOF, {"id": entry.id, "locked": CIPHERTEXT})
    given = await house.do(lambda work: own_data.collect(work, ash.id))
    assert given["journal_entry"][0]["sealed"] == f'{{"locked":"{CIPHERTEXT}"}}'
    assert given["journal_lock"] == [{"version": 1, "proof": PROOF}]


async def test_what_was_kept_before_this_is_read_as_it_was(house: House) -> None:
    ash = await house.join("Ash")
    await house.do(
        lambda work: stored.add_entry(work, ash.id, new_id(), '{"now":"Heavy.","stays":"It."}')
    )
    [entry] = (await read(house, ash)).entries
    assert (entry.now, entry.stays, entry.helps) == ("Heavy.", "It.", None)


@pytest.mark.parametrize(
    ("path", "size_kib", "status"),
    [("/lock", 2_048, 200), ("/lock", 2_049, 413), ("", 256, 200), ("", 257, 413)],
)
async def test_all_of_a_journal_comes_back_in_one_step_and_nothing_else_may_be_as_long(
    path: str, size_kib: int, status: int
) -> None:
    answers: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        answers.append(message.get("status"))

    length = (b"content-length", str(size_kib * 1_024).encode())
    scope = {"type": "http", "path": f"/api/me/journal{path}", "headers": [length]}
    await Shield(app, policy="", https=False)(scope, receive, send)
    assert answers[0] == status
