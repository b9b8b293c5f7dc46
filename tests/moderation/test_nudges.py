import pytest

from moderation.classifier import Span
from moderation.errors import PolicyInvalid
from moderation.nudges import NUDGE_REASONS, compose
from moderation.policy import Reason

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
    assert set(NUDGE_REASONS) == {"harsh", "dismissive", "unasked_advice", "no_empathy"}


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
