import tomllib
from pathlib import Path

import pytest

from moderation.backends import load_classifier
from moderation.classifier import Passage
from moderation.lexicon import find
from moderation.medicine import is_ordinary_medicine
from moderation.normalise import normalise
from moderation.policy import Context, Urgency, judge

MODEL = load_classifier("embedded")
UNSEEN = Path(__file__).with_name("crisis") / "medicine_unseen.toml"


def ordinary(text):
    return is_ordinary_medicine(normalise(text).text)


def urgency(text):
    (read,) = MODEL.assess([Passage(text)])
    return judge(read, find(text), Context()).urgency


@pytest.mark.parametrize(
    "text",
    [
        "took my meds today", "I took my lexapro with breakfast", "took two ibuprofen for my cramps",
        "just took my sleeping pill, good night all", "I've had my tablets on time",
        "been on zoloft for 3 weeks, took it every morning", "I take 3 pills a day for my thyroid",
        "day 12 of sertraline, had it with food", "my doctor upped my meds to 20 mg", "took an aspirin",
        "I have taken 2 tylenol for the fever",
    ],
)  # fmt: skip
def test_an_ordinary_dose_and_nothing_else_calls_nobody(text):
    assert ordinary(text)
    assert urgency(text) is Urgency.NONE


@pytest.mark.parametrize(
    "text",
    [
        "took all my meds today", "took the whole box with breakfast", "took my meds. 30 of them",
        "I took my lexapro, too many of them", "took my meds today, goodbye", "took 7000 mg of my meds",
        "took my meds with vodka", "swallowed some pills with water", "took pills today",
        "took my meds, 12 already", "took my meds twice", "took my meds at once", "took my meds in one go",
        "I took the last pills", "swallowed the last tablets tonight", "took my meds and locked the door",
        "took my pills today and i feel floaty", "took my pills today, a month's supply",
        "took my meds, it will be quiet soon", "swallowed my meds so it stops hurting",
        "took my meds and turned on the gas", "I swallowed my meds and I regret it", "took 90 pills a day",
        "took my meds early. tonight's, tomorrow's and everybody else's in the house", "took 3 tablets",
        "I want to take my meds", "my meds", "have a good day",
    ],
)  # fmt: skip
def test_anything_else_is_read(text):
    assert not ordinary(text)


def test_a_phrase_of_danger_is_read_with_all_that_stands_beside_it(monkeypatch):
    text = "took my meds today. I hate being alive"
    (before,) = MODEL.assess([Passage(text)])
    monkeypatch.setattr("moderation.model.is_ordinary_medicine", lambda _: True)
    assert MODEL.assess([Passage(text)]) == [before]


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
    assert called["ordinary"] <= 15
