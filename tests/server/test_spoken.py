"""What the place says by itself is there in each language of its pages, filled in alike; the member's decides."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from moderation import nudges
from server.api.language import SPOKEN
from server.protocol import comfort as bodies
from server.services import comfort, ledger, notices, statements, wording
from server.services.spoken import LANGUAGES
from tests.server.readings import DANGER, harsh
from tests.server.store_fixture import House
from tests.server.test_posting import kitchen, post, say

HERE = Path(wording.__file__).parent
FILES = {"words": HERE, "reasons": HERE, "nudges": Path(nudges.__file__).parent}
OTHERS = [language for language in LANGUAGES if language != "en"]
_SHOWN_BY_THE_WEB = {"content_note"}


def read(name: str, language: str) -> dict[str, Any]:
    file = FILES[name] / (f"{name}.toml" if language == "en" else f"{name}.{language}.toml")
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        section: words
        for section, words in tables.items()
        if isinstance(words, dict) and section not in _SHOWN_BY_THE_WEB
    }


def faults(english: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """One line for each word that is missing, left over, or filled in otherwise."""
    found = []
    for section in english.keys() | other.keys():
        ours, theirs = other.get(section, {}), english.get(section, {})
        found += [f"{section}.{key}" for key in ours.keys() ^ theirs.keys()]
        for key in ours.keys() & theirs.keys():
            if isinstance(theirs[key], list):
                same = len(ours[key]) == len(theirs[key]) and all(ours[key])
            else:
                same = bool(ours[key].strip()) and filled(ours[key]) == filled(theirs[key])
            found += [] if same else [f"{section}.{key}"]
    return sorted(found)


def filled(words: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}|\[\w+\]", words))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", FILES)
def test_every_word_is_there_in_each_language_and_filled_in_alike(name: str, language: str) -> None:
    assert faults(read(name, "en"), read(name, language)) == []


def test_the_check_finds_what_is_missing_and_what_nobody_fills_in() -> None:
    english = {"a": {"one": "until {time}", "two": "words"}}
    assert faults(english, {"a": {"one": "bis {zeit}", "three": "mehr"}}) == [
        "a.one", "a.three", "a.two",
    ]  # fmt: skip


def test_the_server_and_the_judgement_speak_the_languages_of_the_pages() -> None:
    assert set(LANGUAGES) == set(SPOKEN) == set(nudges.LANGUAGES)


async def choose(house: House, actor: Any, language: bodies.Spoken) -> None:
    patch = bodies.ComfortPatch(language=language)
    await house.do(lambda work: comfort.change_comfort(work, actor, patch))


async def first_words(house: House, actor: Any) -> str:
    found = await house.do(lambda work: notices.list_mine(work, actor))
    return found.notices[0].words


async def test_a_member_is_told_in_their_language_and_the_others_in_theirs(
    any_house: House,
) -> None:
    ash, birch, room = await kitchen(any_house)
    await choose(any_house, ash, "de")
    for actor in (ash, birch):
        await say(any_house, actor, post(room, DANGER))
    told = [await first_words(any_house, actor) for actor in (ash, birch)]
    assert told == [
        "Wir dachten, du könntest in Gefahr sein, und haben einen Menschen gebeten zu schauen.",
        "We thought you might be in danger and asked a person to look.",
    ]
    mine = await any_house.do(lambda work: ledger.read_ledger(work, ash))
    assert mine.entries[0].words == told[0]
    assert mine.entries[0].clause_words
    assert mine.entries[0].clause_words.startswith("Wir achten aufeinander")


async def test_help_and_a_nudge_come_in_the_members_language(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    await choose(any_house, birch, "fr")
    shown = await say(any_house, birch, post(room, DANGER))
    card = next(frame for frame in shown if frame.type == "support")
    assert card.words.startswith("On dirait que tout est très dur")
    ask = (await say(any_house, ash, post(room, "today was hard", ask=True)))[0].id
    nudged = await say(any_house, birch, post(room, "you are an idiot", reply_to=ask), harsh())
    assert nudged[0].type == "nudge"
    assert (
        nudged[0].words
        in tomllib.loads((FILES["nudges"] / "nudges.fr.toml").read_text(encoding="utf-8"))["harsh"][
            "words"
        ]
    )


async def test_a_statement_and_its_text_are_in_the_members_language(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    await choose(any_house, ash, "es")

    def warn(work: Any) -> Any:
        return notices.tell(
            work, member_id=ash.id, kind="warn", code="warn", words=None, room_id=room,
            by_role="moderator", by=ash.id, appealable=True,
        ).id  # fmt: skip

    notice = await any_house.do(warn)
    statement = await any_house.do(lambda work: statements.read_statement(work, ash, notice))
    assert statement.decided == "Lo decidió la moderación. No un programa."
    text = await any_house.do(lambda work: statements.read_text(work, ash, notice))
    assert text.startswith("Declaración de motivos\n")
    assert "Statement of reasons" not in text


def test_who_chose_no_language_is_told_in_english() -> None:
    assert wording.notice("warn", "warn", "tlh") == wording.notice("warn", "warn")
