import tomllib
from pathlib import Path

import pytest

from moderation.backends import load_classifier
from moderation.classifier import Passage
from moderation.lexicon import find
from moderation.medicine import without_ordinary_medicine
from moderation.normalise import Normal, normalise, unmask
from moderation.policy import Context, Urgency, judge

MODEL = load_classifier("embedded")
UNSEEN = Path(__file__).with_name("crisis") / "medicine_unseen.toml"


def left(text):
    """What is read for danger."""
    return without_ordinary_medicine(unmask(text)).text.strip()


def urgency(text):
    (read,) = MODEL.assess([Passage(text)])
    return judge(read, find(text), Context()).urgency


@pytest.mark.parametrize(
    "text",
    [
        "took my meds today", "I took my lexapro with breakfast", "took two ibuprofen for my cramps",
        "just took my sleeping pill, good night all", "I've taken my tablets for the night",
        "been on zoloft for 3 weeks, took it every morning", "I take 3 pills a day for my thyroid",
        "my nurse gave me the pills and I swallowed them", "day 12 of sertraline, took it with food",
        "my doctor upped my meds to 20 mg", "took the last pill of the antibiotics", "took an aspirin",
        "I have taken 2 tylenol for the fever",
    ],
)  # fmt: skip
def test_an_ordinary_dose_calls_nobody(text):
    assert left(text) in ("", "good night all")
    assert urgency(text) is Urgency.NONE


@pytest.mark.parametrize(
    "text",
    [
        "took all my meds today", "took the whole box with breakfast", "took my meds. 30 of them",
        "I took my lexapro, too many of them", "took two bottles of ibuprofen for my cramps",
        "took my meds today, goodbye", "I took my meds, tell my mum I'm sorry", "took 7000 mg of my meds",
        "took my meds with vodka", "took my meds and I'm so drowsy now", "took my meds, should I be scared?",
        "swallowed some pills with water", "took pills today", "I took the ones I saved",
        "day 12 of sertraline and I took the rest of them", "took my meds again and again",
        "took my meds, 12 already",
    ],
)  # fmt: skip
def test_more_than_a_dose_is_read_whole(text):
    normal = unmask(text)
    assert without_ordinary_medicine(normal) is normal


def test_what_else_is_told_is_read():
    assert (
        left("took my meds today, but the water under it looks so calm")
        == "but the water under it looks so calm"
    )
    assert (
        left("I hate mornings. took my meds, and took them with food. you?")
        == "i hate mornings. you?"
    )


def test_it_goes_on_only_from_one_clause_to_the_next():
    assert (
        left("took my meds. we had soup, then I took them out")
        == "we had soup, then i took them out"
    )


def test_a_phrase_of_danger_leaves_everything_where_it_is():
    """The lexicon's urgency and the model's own: the model reads the dose beside it."""
    text = "took my meds today. I hate being alive"
    (whole,) = MODEL.assess([Passage(text)])
    (rest,) = MODEL.assess([Passage("I hate being alive")])
    assert whole.signals["risk"] > rest.signals["risk"] + 1


def test_many_passages_keep_their_own_readings():
    """Some are read twice, some beside what they answer."""
    passages = [
        Passage("took my meds today"), Passage("I took 30 pills"), Passage("took an aspirin", "how are you?"),
        Passage("you stupid idiot"), Passage("I'm so sorry. took my lexapro", "my dog died"),
    ]  # fmt: skip
    alone = [MODEL.assess([passage])[0] for passage in passages]
    assert MODEL.assess(passages) == alone


def test_unseen_lines_are_told_apart_no_worse_than_was_measured():
    lines = tomllib.loads(UNSEEN.read_text("utf-8"))
    called = {
        kind: sum(urgency(text) in (Urgency.SOON, Urgency.NOW) for text in texts)
        for kind, texts in lines.items()
    }
    assert len(lines["overdose"]) == len(lines["ordinary"]) == 50
    assert called["overdose"] >= 43
    assert called["ordinary"] <= 11


def test_what_is_left_leads_to_the_original():
    normal = normalise("ab cd ef")
    assert normal.without([(0, 3)]) == Normal("cd ef", (3, 4, 5, 6, 7))
    assert normal.without([]) is normal
