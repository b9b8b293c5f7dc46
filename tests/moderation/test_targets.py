import pytest

from moderation.normalise import normalise
from moderation.targets import toward_others


def left(text):
    return toward_others(normalise(text)).text.strip(" .,!?")


@pytest.mark.parametrize(
    "text",
    [
        "I'm such a worthless idiot",
        "I am a total failure",
        "I feel like a disgusting pig",
        "I hate myself so much",
        "I've become a useless coward",
        "my stupid brain",
        "I look like garbage",
        "he called me a worthless slut",
        "my boss told me that I'm a moron",
    ],
)
def test_strong_words_about_oneself_and_reported_abuse_are_not_toward_others(text):
    assert left(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "you are such a worthless idiot",
        "I'm sure you are an idiot",
        "I think he is a moron",
        "I'm going to hurt you",
        "I am sick of these people",
        "I hate muslims",
        "shut up",
        "they told me you are an idiot",
    ],
)
def test_words_toward_another_stay(text):
    assert left(text) == normalise(text).text.strip(" .,!?")


def test_only_the_clause_about_oneself_is_taken_out():
    text = "I'm such an idiot, but you are a liar"
    others = toward_others(normalise(text))
    assert others.text.strip() == "but you are a liar"
    start, end = others.original(0, len(others.text))
    assert text[start:end].strip() == "but you are a liar"


def test_a_quotation_of_abuse_is_a_report():
    assert "worthless" not in left('my ex used to say "you are worthless" every day')
