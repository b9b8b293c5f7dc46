"""Nothing that we say ourselves about an answer names an illness."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from server.measures import load

ROOT = Path(__file__).parents[2]
NAMES = re.compile(
    r"depress|anxiety|anxious|diagnos|disorder|disease|illness|patient|symptom|patholog|"
    r"suicidal|bipolar|psychos|borderline|mentally",
    re.IGNORECASE,
)


IN_LANGUAGES = {
    "en": NAMES.pattern,
    "de": r"depress|angststör|diagnos|störung|krankheit|patient|symptom|patholog|suizidal|bipolar|psychos",
    "es": r"depres|ansiedad|diagnós|trastorno|enfermedad|paciente|síntoma|patol|suicida|bipolar|psicosis",
    "fr": r"dépress|anxi|diagnos|maladie|patient|symptôme|pathol|suicidaire|bipolaire|psychose",
    "ar": r"اكتئاب|قلق مرضي|تشخيص|اضطراب|مريض|أعراض|انتحاري|ذهان",
}
CARE = ("care", "climate", "common", "escalations", "measures", "sessions")
SAYS_IT_IS_NONE = {"climate.trend.danger.text"}


def said_by_us() -> dict[str, str]:
    """Every sentence of ours around a questionnaire, by where it stands."""
    web = json.loads((ROOT / "web/src/lib/i18n/en/measures.json").read_text(encoding="utf-8"))
    notices = tomllib.loads((ROOT / "server/services/words.toml").read_text(encoding="utf-8"))
    said = {key: words for key, words in web.items() if isinstance(words, str)}
    said |= {
        key: words
        for key, words in notices["notice"].items()
        if "measure" in key or key == "course_alert"
    }
    catalogue = load()
    said |= {offer.title: f"{offer.title} {offer.words}" for offer in catalogue.offers}
    for one in catalogue.definitions.values():
        said |= {f"{one.id} band {band.name}": band.name for band in one.bands}
        said |= {f"{one.id} title": one.title, f"{one.id} scoring": one.scoring}
        assert one.course is not None
        said |= {f"{one.id} course": f"{one.course.source} {one.course.unknown}"}
    return said


def test_no_sentence_of_ours_names_an_illness() -> None:
    said = said_by_us()
    assert len(said) > 100, "the guard: the words were found"
    assert {where: words for where, words in said.items() if NAMES.search(words)} == {}


def test_the_list_would_find_one() -> None:
    assert NAMES.search("You may have a depressive disorder")
    items = " ".join(item.text for item in load().definitions["phq-9"].items)
    assert NAMES.search(items), "a question, word for word, may use such a word: ours may not"


@pytest.mark.parametrize("language", IN_LANGUAGES)
def test_no_page_of_care_names_an_illness_in_any_language(language: str) -> None:
    names = re.compile(IN_LANGUAGES[language], re.IGNORECASE)
    found = set()
    for part in CARE:
        words = json.loads((ROOT / f"web/src/lib/i18n/{language}/{part}.json").read_text("utf-8"))
        found |= {key for key, said in words.items() if names.search(str(said))}
    assert found == SAYS_IT_IS_NONE, "that one says that it is no diagnosis: the guard"
