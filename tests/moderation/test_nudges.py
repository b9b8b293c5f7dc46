import pytest

from moderation.classifier import Span
from moderation.errors import PolicyInvalid
from moderation.nudges import NUDGE_REASONS, PRAISES, compose, praise
from moderation.policy import DEFAULT, Reason

BIDDING = set(
    "Say Speak Take Let Ask Begin Tell Name Pick Leave".split()
)  # a suggestion begins with what one could do
SPAN = Span("insult", 3, 9)
SCOLDING = ("you must", "not allowed", "violat", "inappropriate", "toxic", "unacceptable", "rule")


@pytest.mark.parametrize("code", NUDGE_REASONS)
def test_every_reason_has_several_wordings_that_do_not_scold(code):
    nudges = [compose([Reason(code, "words")], variant) for variant in range(3)]
    assert len({nudge.words for nudge in nudges}) == 3
    for nudge in nudges:
        assert 1 <= len(nudge.suggestions) <= 3
        said = " ".join((nudge.words, *nudge.suggestions)).lower()
        assert not any(word in said for word in SCOLDING)


def test_the_reasons_are_those_that_the_policy_nudges_for():
    asked = {"harsh", "dismissive", "unasked_advice", "no_feeling", "no_understanding", "contact"}
    assert set(NUDGE_REASONS) == asked
    assert set(DEFAULT.words) >= asked


@pytest.mark.parametrize("code", NUDGE_REASONS)
def test_a_suggestion_is_something_to_do_and_never_a_reply_to_copy(code):
    for suggestion in compose([Reason(code, "words")]).suggestions:
        assert not set(suggestion) & set('"“”„«»…:')
        assert suggestion.split()[0] in BIDDING, suggestion


@pytest.mark.parametrize("code", PRAISES)
def test_praise_says_what_was_done_in_several_ways_and_sets_no_mark(code):
    said = {praise(code, variant) for variant in range(12)}
    assert len(said) >= 3
    for words in said:
        assert words.startswith("You ")
        assert not any(word in words.lower() for word in (*SCOLDING, "score", "point", "best"))
        assert not any(char.isdigit() for char in words)


def test_praise_has_words_for_what_the_policy_praises_and_for_no_nudge():
    assert PRAISES == ("warm",)
    assert praise("warm", 5) == praise("warm", 5) != praise("warm", 6)
    with pytest.raises(PolicyInvalid):
        praise("harsh")


def test_the_same_variant_says_the_same_words():
    reasons = [Reason("harsh", "words", (SPAN,))]
    assert compose(reasons, 5) == compose(reasons, 5)
    assert compose(reasons, 0).words != compose(reasons, 1).words
    assert compose(reasons).spans == (SPAN,)


def test_reasons_without_words_are_left_out():
    nudge = compose([Reason("risk", "never said"), Reason("dismissive", "words")])
    assert nudge.reasons == ("dismissive",)
    with pytest.raises(PolicyInvalid):
        compose([Reason("risk", "never said")])
