import pytest

from moderation.normalise import normalise
from moderation.phrases import Tokens
from moderation.replies import dismissal, unasked_advice

POST = "My dog died on Sunday and I can't stop crying."
ASKING = "My dog died on Sunday. What helped you? Any advice?"


def tokens(text):
    return Tokens.of(normalise(text))


@pytest.mark.parametrize(
    "reply",
    [
        "just get over it", "others have it worse", "It could be worse", "you're overreacting",
        "it's all in your head", "snap out of it", "stop being so sensitive", "man up",
        "it's not that big of a deal", "everyone feels sad sometimes, deal with it",
        "stop feeling sorry for yourself",
    ],
)  # fmt: skip
def test_making_it_smaller_is_dismissive_and_marked(reply):
    found = dismissal(tokens(reply), POST)
    assert found.probability > 0.7
    assert all(reply[start:end].strip() for start, end in found.spans)
    assert found.spans


@pytest.mark.parametrize(
    "reply",
    [
        "You should get a new one.", "Just go outside and exercise", "Try yoga for a week",
        "Why don't you just ignore it", "you need to move on and find a hobby",
    ],
)  # fmt: skip
def test_advice_before_listening_is_noticed_unless_it_was_asked_for(reply):
    assert unasked_advice(tokens(reply), POST).probability > 0.7
    assert unasked_advice(tokens(reply), ASKING).probability < 0.7


@pytest.mark.parametrize(
    "reply",
    [
        "I'm so sorry, that sounds so painful. You should be gentle with yourself.",
        "I lost mine last year and it still hurts. Try to eat something if you can.",
        "Do you want to tell me about him?",
        "sending hugs",
        "That must be so hard",
    ],
)
def test_warm_replies_are_neither(reply):
    assert dismissal(tokens(reply), POST).probability < 0.5
    assert unasked_advice(tokens(reply), POST).probability < 0.5
