"""Decisions copied out as labels: only of who agreed, sealed, masked, and taken out again."""

import json
import os
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from moderation.cases import CaseKind
from moderation.errors import ModelPrivate
from moderation.policy import Handling
from moderation.registry import find_model, register
from moderation.training import decided as training
from moderation.urgency import Urgency
from server.access import Actor, Role
from server.cli import main
from server.cli.members import add_member
from server.cli.rooms import add_room, seat_member
from server.errors import NotFound
from server.ids import new_id
from server.protocol import bodies, frames
from server.services import (
    consents,
    decisions,
    labels,
    messages,
    publishing,
    steward,
)
from server.services import conversations as talks
from server.services.cases import raise_case
from server.services.founding import found
from server.services.labels import Copy, LabelsOff
from server.services.masking import Masks
from server.services.names import name_key
from server.settings import read_settings
from server.store import beside, label_file, people, rooms
from server.store.tables import Case, LabelExport, LabelRow, Message
from server.store.work import Work
from tests.server.command import Done, hearth
from tests.server.store_fixture import House
from tests.server.test_consents import agree, allow, take_back

PASSPHRASE = "a passphrase that is long enough"
MADE_AT = datetime(2026, 11, 26, tzinfo=UTC)


class Scene:
    """A room whose peers may agree, its moderator, and the steward who turned learning on."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def made(self) -> "Scene":
        join = self.house.join
        self.marram, self.plum, self.teal = [await join(n) for n in ("marram", "plumrain", "teal")]
        self.fern = await join("fernhollow", Role.MODERATOR)
        self.keeper = await join("hearthkeeper", Role.STEWARD)
        peers = [(peer, "member") for peer in (self.marram, self.plum, self.teal)]
        self.room = await self.house.room("Low days", *peers, (self.fern, "moderator"))
        await allow(self.house, self.keeper)
        return self

    async def decided(
        self, author: Actor, text: str, action: Any = "hide", answers: Message | None = None
    ) -> Message:
        """Said, flagged by the machine, and decided."""
        said = await self.house.say(self.room, author, text)
        if answers:
            await self.house.do(lambda work: _answer(work, said.id, answers.id))
        case = await self.house.case(self.room, author, said)
        await self.decide(case, action)
        return said

    async def decide(self, case: Case, action: Any) -> None:
        asked = bodies.NewDecision(action=action, version=case.version, reason="As it seems to me.")
        await self.house.do(lambda work: decisions.decide(work, self.fern, case.id, asked))

    async def copy(self, days: int = 90) -> Copy:
        return await self.house.do(
            lambda work: labels.copy_out(work, work.now - timedelta(days=days))
        )

    async def gone(self, copy: Copy) -> set[str]:
        found = await self.house.do(lambda work: labels.withdrawn(work, copy.id))
        return {str(row) for row in found}


def _answer(work: Work, said: UUID, before: UUID) -> None:
    stored = work.session.get(Message, said)
    assert stored is not None
    stored.reply_to = before
    work.session.add(stored)


def texts(copy: Copy) -> set[str]:
    return {row["text"] for row in copy.rows}


async def test_nothing_leaves_before_the_steward_and_the_author_agree(any_house: House):
    scene = await Scene(any_house).made()
    await scene.decided(scene.marram, "of who agreed")
    await scene.decided(scene.plum, "of who did not")
    await agree(any_house, scene.marram)

    copy = await scene.copy()
    assert texts(copy) == {"of who agreed"}
    assert copy.manifest["left_out"] == {"its author has not agreed": 1}
    assert copy.manifest["consent"] == {"scope": "labels", "rows_by_wording": {"2026-11 en": 1}}

    await allow(any_house, scene.keeper, allowed=False)
    with pytest.raises(LabelsOff):
        await scene.copy()
    assert len(await any_house.do(_exports)) == 1


async def test_each_decision_is_a_label_with_what_asked_for_it(any_house: House):
    scene = await Scene(any_house).made()
    await agree(any_house, scene.marram)
    await scene.decided(scene.marram, "acted on", "care_note")
    await scene.decided(scene.marram, "nothing wrong", "dismiss")
    unseen = await any_house.say(scene.room, scene.marram, "seen by a person alone")
    flag = frames.Flag(type="flag", room=scene.room, message=unseen.id, reason="worried")
    await any_house.do(lambda work: messages.flag(work, scene.plum, flag))
    await scene.decide(await any_house.do(lambda work: _case_of(work, unseen.id)), "care_note")
    waiting = await any_house.say(scene.room, scene.marram, "nobody has decided")
    await any_house.case(scene.room, scene.marram, waiting)

    rows = {row["text"]: row for row in (await scene.copy()).rows}

    assert set(rows) == {"acted on", "nothing wrong", "seen by a person alone"}
    said = [(rows[text]["outcome"], rows[text]["missed"]) for text in sorted(rows)]
    assert said == [("confirmed", False), ("dismissed", False), ("confirmed", True)]
    assert rows["acted on"]["rules"] == ["own:risk_intent"]
    assert rows["seen by a person alone"]["about"] == ["danger"]
    assert rows["seen by a person alone"]["people"] == ["flag_worried"]


async def test_a_pair_needs_both_to_agree(any_house: House):
    scene = await Scene(any_house).made()
    for author in (scene.marram, scene.teal):
        await agree(any_house, author)
    of_teal = await any_house.say(scene.room, scene.teal, "asked by teal who agreed")
    of_plum = await any_house.say(scene.room, scene.plum, "asked by plumrain who did not")
    await scene.decided(scene.marram, "to teal", answers=of_teal)
    await scene.decided(scene.marram, "to the other", answers=of_plum)

    rows = {row["text"]: row["in_reply_to"] for row in (await scene.copy()).rows}
    assert rows == {"to [name]": "asked by [name] who agreed", "to the other": None}


async def test_what_is_private_taken_back_edited_or_refused_stays(any_house: House):
    scene = await Scene(any_house).made()
    await agree(any_house, scene.marram)
    line = await any_house.do(lambda work: talks.open_line(work, scene.marram.id, scene.room))
    private = await any_house.say(line.id, scene.marram, "said in private")
    await scene.decide(await any_house.case(line.id, scene.marram, private), "care_note")
    gone = await scene.decided(scene.marram, "taken back", "care_note")
    withdrawing = frames.Withdraw(type="withdraw", room=scene.room, message=gone.id)
    await any_house.do(lambda work: messages.withdraw(work, scene.marram, withdrawing))
    edited = await scene.decided(scene.marram, "other words by now", "care_note")
    await any_house.do(lambda work: _mark_edited(work, edited.id))
    refused = await any_house.case(
        scene.room, scene.marram, kind=CaseKind.LINE, refused_text="never said"
    )
    await scene.decide(refused, "care_note")

    copy = await scene.copy()
    assert copy.rows == []
    assert sum(copy.manifest["left_out"].values()) == 4, "the guard: all four were looked at"


async def test_who_cannot_take_it_back_is_left_out(any_house: House):
    """A removed member cannot log in, and so cannot withdraw."""
    scene = await Scene(any_house).made()
    await agree(any_house, scene.marram)
    await scene.decided(scene.marram, "of somebody who was removed")
    copy = await scene.copy()
    assert len(copy.rows) == 1
    patch = bodies.MemberPatch(state="removed")
    await any_house.do(
        lambda work: steward.change_member(work, scene.keeper, scene.marram.id, patch)
    )
    assert (await scene.copy()).rows == []
    assert await scene.gone(copy) == {row["id"] for row in copy.rows}


async def test_who_withdraws_is_gone_from_the_next_copy_and_named_in_the_last(any_house: House):
    scene = await Scene(any_house).made()
    for author in (scene.marram, scene.plum, scene.teal):
        await agree(any_house, author)
    asked = await any_house.say(scene.room, scene.marram, "asked")
    await scene.decided(scene.marram, "first")
    await scene.decided(scene.plum, "answering", answers=asked)
    await scene.decided(scene.plum, "second")
    await scene.decided(scene.teal, "third")
    copy = await scene.copy()
    by_text = {row["text"]: row["id"] for row in copy.rows}
    assert await scene.gone(copy) == set()

    await take_back(any_house, scene.marram)

    assert texts(await scene.copy()) == {"answering", "second", "third"}
    assert await scene.gone(copy) == {by_text["first"], by_text["answering"]}
    await agree(any_house, scene.marram)
    assert await scene.gone(copy) == set(), "who agrees again, agrees to what was copied too"
    await allow(any_house, scene.keeper, allowed=False)
    assert await scene.gone(copy) == set(by_text.values())


async def test_words_taken_back_later_are_named(house: House):
    scene = await Scene(house).made()
    for author in (scene.marram, scene.plum):
        await agree(house, author)
    asked = await house.say(scene.room, scene.marram, "asked")
    said = await scene.decided(scene.plum, "said", "care_note", answers=asked)
    other = await scene.decided(scene.plum, "answering", "care_note", answers=asked)
    copy = await scene.copy()
    by_text = {row["text"]: row["id"] for row in copy.rows}
    for author, message in ((scene.plum, said), (scene.marram, asked)):
        frame = frames.Withdraw(type="withdraw", room=scene.room, message=message.id)
        await house.do(lambda work, a=author, f=frame: messages.withdraw(work, a, f))  # type: ignore[misc]
        expected = {by_text["said"]} if message is said else set(by_text.values())
        assert await scene.gone(copy) == expected
    assert other.id


async def test_a_file_of_another_place_is_unknown(house: House):
    with pytest.raises(NotFound):
        await house.do(lambda work: labels.withdrawn(work, new_id()))


async def test_two_copies_share_no_number(house: House):
    scene = await Scene(house).made()
    await agree(house, scene.marram)
    for number in range(5):
        await scene.decided(scene.marram, f"message {number}")
    first, second = await scene.copy(), await scene.copy()
    assert texts(first) == texts(second)
    assert len({row["author"] for row in first.rows}) == 1
    assert {row["author"] for row in first.rows}.isdisjoint({row["author"] for row in second.rows})
    assert {row["id"] for row in first.rows}.isdisjoint({row["id"] for row in second.rows})
    ids = {str(one) for one in (scene.marram.id, scene.room)}
    ids |= {str(row.message_id) for row in await house.do(_rows)}
    written = json.dumps([*first.rows, first.manifest])
    assert not [one for one in ids if one in written or one.replace("-", "") in written]


async def test_the_member_sees_that_words_of_theirs_were_copied(house: House):
    scene = await Scene(house).made()
    for author in (scene.marram, scene.plum):
        await agree(house, author)
    asked = await house.say(scene.room, scene.marram, "asked")
    await scene.decided(scene.plum, "said", answers=asked)
    await scene.copy()
    for author, copied in ((scene.marram, True), (scene.plum, True), (scene.teal, False)):
        shown = await house.do(lambda work, a=author: consents.read_consents(work, a, "en"))  # type: ignore[misc]
        assert (shown.asked[0].copied_at is not None) is copied


async def test_only_cases_since_then_are_copied(house: House):
    scene = await Scene(house).made()
    await agree(house, scene.marram)
    await scene.decided(scene.marram, "long ago")
    house.clock.move(days=10)
    await scene.decided(scene.marram, "lately")
    assert texts(await scene.copy(9)) == {"lately"}
    assert texts(await scene.copy(10)) == {"long ago", "lately"}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Marram, are you there?", "[name], are you there?"),
        ("thank you, marram, and low tide", "thank you, [name], and [name]"),
        ("marrams and submarram stay", "marrams and submarram stay"),
        ("I hope so, said Hope", "I hope so, said [name]"),
        ("write to me: jo@example.org or +49 171 2345678", "write to me: [contact] or [contact]"),
        ("a.b is not axb", "[name] is not axb"),
    ],
)
def test_pseudonyms_and_contact_details_are_masked(text: str, masked: str):
    assert Masks(["marram", "low tide", "Hope", "a.b"]).masked(text) == masked


def test_many_pseudonyms_are_all_masked():
    names = [f"member{number}x" for number in range(2_000)]
    masks = Masks(names)
    assert {masks.masked(f"dear {name}") for name in names[::7]} == {"dear [name]"}


def test_a_label_file_opens_only_whole_and_with_its_passphrase(tmp_path: Path):
    path, file_id = tmp_path / "labels", new_id()
    label_file.write(path, "right", file_id, MADE_AT, b"words nobody may read")
    assert path.stat().st_mode & 0o777 == 0o600
    whole = path.read_bytes()
    assert b"words" not in whole
    assert label_file.read_id(path) == file_id
    assert label_file.read(path, "right") == b"words nobody may read"
    with pytest.raises(label_file.FileRefused) as refused:
        label_file.read(path, "wrong")
    assert "another passphrase" in refused.value.detail
    other = str(new_id()).encode()
    broken = [whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), b"", b"a\nb\nc"]
    broken.append(whole.replace(str(file_id).encode(), other))
    for content in broken:
        path.write_bytes(content)
        with pytest.raises(label_file.FileRefused):
            label_file.read(path, "right")


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path):
    path = tmp_path / "labels"
    path.write_bytes(b"precious")
    with pytest.raises(label_file.FileRefused) as refused:
        label_file.write(path, "right", new_id(), MADE_AT, b"new")
    assert "there already" in refused.value.detail
    assert path.read_bytes() == b"precious"
    assert [file.name for file in tmp_path.iterdir()] == ["labels"]


def test_a_disk_without_second_names_holds_a_file_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "labels"
    label_file.write(path, "right", new_id(), MADE_AT, b"kept")
    assert label_file.read(path, "right") == b"kept"
    with pytest.raises(label_file.FileRefused):
        label_file.write(path, "right", new_id(), MADE_AT, b"new")
    assert label_file.read(path, "right") == b"kept"


class Place:
    """A place on disk, and the command beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.settings = folder, read_settings({}, data_dir=folder / "data")
        self.secret = folder / "secret"
        self.secret.write_text(PASSPHRASE + "\n")

    def hearth(self, *arguments: object) -> Done:
        return hearth({"HEARTH_DATA_DIR": str(self.settings.data_dir)}, "labels", *arguments)

    def export(self, name: str) -> Done:
        return self.hearth(
            "export", "--to", self.folder / name, "--passphrase-file", self.secret, "--since", "30d"
        )

    def open(self, name: str, into: str, *more: object) -> Done:
        return self.hearth(
            "open", self.folder / name, "--into", self.folder / into,
            "--passphrase-file", self.secret, *more,
        )  # fmt: skip


def _set_up(work: Work) -> tuple[Actor, Actor]:
    """Two peers who agreed, each with a decided message."""
    actors = []
    for name, role in (("marram", "peer"), ("plumrain", "peer"), ("fernhollow", "moderator")):
        add_member(work, name, role, None)
        work.session.flush()
        member = people.find_by_name_key(work, name_key(name))
        assert member is not None
        actors.append(Actor(member.id, name, Role(role), new_id()))
    marram, plum, fern = actors
    slug = add_room(work, "Rainy days", "To talk.", "en")
    room = rooms.find_by_slug(work, slug)
    assert room is not None
    for actor in actors:
        seat = "moderator" if actor is fern else "member"
        seat_member(work, slug, actor.name, seat)
    keeper = Actor(fern.id, "keeper", Role.STEWARD, new_id())
    labels.switch(work, keeper, allowed=True)
    for author in (marram, plum):
        consents.give(work, author, "labels", "2026-11 en")
        said = publishing.say(work, room.id, author.id, f"You people disgust me, {plum.name}")
        case = raise_case(
            work, room_id=room.id, subject_id=author.id, message_id=said.id, kind=CaseKind.HARM,
            urgency=Urgency.SOON, handling=Handling.PUBLISH, about=None, language="en", policy="1",
            source="classifier", reasons=["threat"], words=["A threat."], spans=[],
        )  # fmt: skip
        asked = bodies.NewDecision(action="care_note", version=1, reason="Kindly.")
        decisions.decide(work, fern, case.id, asked)
    return marram, plum


def test_the_command_exports_opens_and_names_who_withdrew(tmp_path: Path):
    place = Place(tmp_path)
    beside.do(place.settings, lambda work: found(work, open_to_all=True))
    marram, _ = beside.do(place.settings, _set_up)

    done = place.export("labels.sealed")
    assert done.returncode == 0, done.stderr
    assert "2 decided messages of 2 members" in done.stdout
    sealed = (tmp_path / "labels.sealed").read_bytes()
    assert b"disgust" not in sealed
    assert place.export("labels.sealed").returncode == 1
    assert place.hearth("withdrawn", tmp_path / "labels.sealed").stdout == ""

    beside.do(place.settings, lambda work: consents.withdraw(work, marram, "labels", "en"))
    gone = place.hearth("withdrawn", tmp_path / "labels.sealed")
    (tmp_path / "gone.txt").write_text(gone.stdout)
    assert len(gone.stdout.split()) == 1
    assert "1 rows of" in gone.stderr

    opened = place.open("labels.sealed", "opened", "--without", tmp_path / "gone.txt")
    assert opened.returncode == 0, opened.stderr
    manifest = training.read_manifest(tmp_path / "opened")
    assert (manifest["rows"], manifest["rows_opened"], manifest["rows_withdrawn"]) == (2, 1, 1)
    rows = training.read(tmp_path / "opened")
    assert [(row.text, row.labels) for row in rows] == [
        ("You people disgust me, [name]", {"toxicity": 1, "threat": 1})
    ]
    assert (tmp_path / "opened" / "rows.jsonl").stat().st_mode & 0o077 == 0

    place.secret.write_text("another passphrase, also long\n")
    assert "does not open" in place.open("labels.sealed", "again").stderr
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "tomorrow"], "90d"),
        (["--passphrase-file", "short"], "16 characters"),
        (["--passphrase-file", "missing"], "cannot be read"),
        ([], "--passphrase-file"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_copied(
    tmp_path: Path, arguments: list[str], said: str
):
    place = Place(tmp_path)
    (tmp_path / "short").write_text("too short\n")
    there = [str(tmp_path / a) if a in {"short", "missing"} else a for a in arguments]
    done = place.hearth("export", "--to", tmp_path / "file", *there)
    assert done.returncode == 1
    assert said in done.stderr
    assert not (tmp_path / "file").exists()
    assert not place.settings.sqlite_path.exists()


def test_a_private_model_is_listed_as_such_and_never_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    shipped = find_model()
    models, packed = tmp_path / "data" / "models", tmp_path / "packed.tar.gz"
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path / "data"))
    (models / "ours").mkdir(parents=True)
    (models / "ours" / "ngrams.npz").write_bytes(shipped.path("ngrams.npz").read_bytes())
    register(models, "ours", ["en"], private=True)

    assert main(["models", "package", "ours", "--to", str(packed)]) == 1
    assert "is private" in capsys.readouterr().err
    assert not packed.exists()
    assert main(["models", "list"]) == 0
    ours = next(line for line in capsys.readouterr().out.splitlines() if " ours " in line)
    assert "PRIVATE" in ours
    register(models, "ours", ["en"])
    assert main(["models", "package", "ours", "--to", str(packed)]) == 1, "once private, for good"
    assert ModelPrivate.code == "model_private"

    assert main(["models", "package", shipped.version, "--to", str(packed)]) == 0
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path / "elsewhere", filter="data")
    there = find_model(tmp_path / "elsewhere")
    assert [there.path(name).name for name in there.sha256] == list(shipped.sha256)
    assert main(["models", "package", shipped.version, "--to", str(packed)]) == 1


def _exports(work: Work) -> list[LabelExport]:
    return list(work.session.exec(select(LabelExport)).all())


def _rows(work: Work) -> list[LabelRow]:
    return list(work.session.exec(select(LabelRow)).all())


def _case_of(work: Work, message_id: UUID) -> Case:
    return work.session.exec(select(Case).where(Case.message_id == message_id)).one()


def _mark_edited(work: Work, message_id: UUID) -> None:
    message = work.session.get(Message, message_id)
    assert message is not None
    message.edited_at = work.now
    work.session.add(message)
