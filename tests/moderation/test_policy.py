import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.classifier import Assessment, Span
from moderation.errors import PolicyInvalid
from moderation.lexicon import Hit, find
from moderation.policy import DEFAULT, Context, Handling, Policy, Urgency, judge
from moderation.signals import EMPATHY, SIGNALS, TOXICITY

probability = st.floats(0, 1)
signal_values = st.fixed_dictionaries(
    {},
    optional={name: st.floats(signal.low, signal.high) for name, signal in SIGNALS.items()},
)


def shares(count):
    return st.lists(st.floats(0.001, 1), min_size=count, max_size=count).map(
        lambda ps: tuple(p / sum(ps) for p in ps)
    )


level_values = st.fixed_dictionaries(
    {}, optional={name: shares(len(SIGNALS[name].levels)) for name in (*EMPATHY, "risk")}
)
assessments = st.one_of(
    st.builds(lambda s, ls: Assessment(True, "m", "en", s, ls), signal_values, level_values),
    st.sampled_from(["late", "broken", "language", "no model"]).map(Assessment.not_assessed),
)
hits = st.builds(
    Hit,
    code=st.just("a_code"),
    category=st.sampled_from(["acting", "passive", "abuse", "past", "methods", "encouragement"]),
    about=st.sampled_from(["self", "another"]),
    urgency=st.sampled_from(Urgency),
    words=st.just("words"),
    start=st.just(0),
    end=st.just(3),
)
contexts = st.builds(Context, st.booleans(), st.booleans(), st.booleans())
REPLY = Context(is_reply=True)
DANGER = Hit("intent", "intent", "self", Urgency.NOW, "words", 0, 3)
METHODS = Hit("methods", "methods", "another", Urgency.NONE, "words", 4, 8)


def read(levels=None, **signals):
    return Assessment(True, "m", "en", signals, levels or {})


def risk_levels(**at):
    """P(level) by name: l0..l6."""
    return {"risk": tuple(at.get(f"l{level}", 0.0) for level in range(7))}


@given(assessments, st.lists(hits, max_size=3), contexts)
def test_nobody_in_danger_is_nudged_or_held(assessment, found, context):
    verdict = judge(assessment, found, context)
    in_danger = any(hit.danger for hit in found) or verdict.support
    if in_danger or (verdict.urgency is not Urgency.NONE and verdict.about == "self"):
        assert verdict.handling in (Handling.PUBLISH, Handling.COLLAPSE)


@given(shares(7), signal_values, contexts)
def test_a_risk_the_model_sees_is_never_judged_for_tone(levels, signals, context):
    assessment = Assessment(True, "m", "en", signals, {"risk": levels})
    verdict = judge(assessment, (), context)
    if sum(levels[1:]) >= DEFAULT.risk["spare_from"]:
        assert verdict.handling in (Handling.PUBLISH, Handling.COLLAPSE)


@given(st.sampled_from(["late", "broken", "language", "no model"]), contexts)
def test_what_nobody_assessed_is_published(why, context):
    verdict = judge(Assessment.not_assessed(why), (), context)
    assert (verdict.handling, verdict.urgency) == (Handling.PUBLISH, Urgency.NONE)
    assert not verdict.assessed


@given(st.lists(hits, max_size=3), contexts)
def test_the_lexicon_raises_urgency_whatever_else_is_down(found, context):
    verdict = judge(Assessment.not_assessed("late"), found, context)
    assert verdict.handling in (Handling.PUBLISH, Handling.COLLAPSE)
    dangers = [hit.urgency.rank for hit in found if hit.danger]
    assert verdict.urgency.rank >= max(dangers, default=0)


@given(assessments, st.lists(hits, max_size=3), contexts)
def test_every_verdict_is_complete(assessment, found, context):
    verdict = judge(assessment, found, context)
    assert verdict.policy == DEFAULT.version
    assert (verdict.content_note is not None) == (verdict.handling is Handling.COLLAPSE)
    assert (verdict.about is not None) == (verdict.urgency is not Urgency.NONE)
    if verdict.handling is not Handling.PUBLISH:
        assert verdict.reasons
    if verdict.handling is Handling.NUDGE:
        assert context.tone_nudges
        assert not context.insist


@given(assessments, st.lists(hits, max_size=3), st.booleans())
def test_insisting_skips_a_nudge_and_never_a_hold(assessment, found, is_reply):
    first = judge(assessment, found, Context(is_reply=is_reply))
    again = judge(assessment, found, Context(is_reply=is_reply, insist=True))
    if first.handling is Handling.NUDGE:
        assert again.handling is Handling.PUBLISH
    else:
        assert again == first


@pytest.mark.parametrize(
    ("levels", "urgency", "support"),
    [
        (risk_levels(l0=0.95, l1=0.05), Urgency.NONE, False),
        (risk_levels(l0=0.2, l1=0.4, l2=0.4), Urgency.ROUTINE, True),
        (risk_levels(l0=0.1, l2=0.2, l3=0.7), Urgency.SOON, True),
        (risk_levels(l0=0.1, l2=0.1, l4=0.8), Urgency.NOW, True),
        (risk_levels(l0=0.1, l5=0.9), Urgency.NOW, True),
        (risk_levels(l6=1.0), Urgency.NOW, True),
    ],
)
def test_urgency_follows_the_columbia_levels(levels, urgency, support):
    verdict = judge(read(levels), (), Context())
    assert (verdict.urgency, verdict.support) == (urgency, support)
    assert verdict.about == ("self" if support else None)


@pytest.mark.parametrize(
    ("expected", "urgency"),
    [(0.5, Urgency.NONE), (1.2, Urgency.ROUTINE), (3.0, Urgency.SOON), (4.0, Urgency.NOW)],
)
def test_a_backend_with_an_expected_level_alone_is_understood(expected, urgency):
    assert judge(read(risk=expected), (), Context()).urgency is urgency


def test_a_reason_for_risk_holds_words_and_never_a_score():
    verdict = judge(read(risk_levels(l5=1.0)), (), Context())
    assert not any(char.isdigit() for reason in verdict.reasons for char in reason.words)


def test_somebody_else_in_danger_is_urgent_and_their_friend_sees_support():
    found = find("my friend has just taken pills")
    verdict = judge(read(toxicity=0.99, insult=0.99), found, REPLY)
    assert (verdict.urgency, verdict.about, verdict.support) == (Urgency.NOW, "another", True)
    assert verdict.handling is Handling.COLLAPSE


def test_when_both_are_in_danger_it_is_about_the_author():
    other = Hit("o", "acting", "another", Urgency.NOW, "words", 0, 2)
    assert judge(read(), (other, DANGER), Context()).about == "self"


@pytest.mark.parametrize(
    "abuse", [{"threat": 0.95}, {"severe_toxicity": 0.9}, {"identity_attack": 0.99}]
)
def test_severe_abuse_is_held_unless_its_author_is_in_danger(abuse):
    assessment = read(toxicity=0.95, **abuse)
    assert judge(assessment, (), Context()).handling is Handling.HOLD
    spared = judge(assessment, (DANGER,), Context())
    assert (spared.handling, spared.urgency) == (Handling.COLLAPSE, Urgency.NOW)
    assert spared.content_note == DEFAULT.content_notes["abuse"]


@pytest.mark.parametrize("name", ["threat", "severe_toxicity", "identity_attack"])
def test_a_hold_begins_exactly_at_its_threshold(name):
    least = DEFAULT.hold[name]
    at = judge(read(toxicity=0.95, **{name: least}), (), Context(tone_nudges=False))
    below = judge(read(toxicity=0.95, **{name: least - 1e-9}), (), Context(tone_nudges=False))
    assert (at.handling, below.handling) == (Handling.HOLD, Handling.PUBLISH)


def test_means_inside_a_message_about_danger_are_folded():
    verdict = judge(read(), (DANGER, METHODS), Context())
    assert (verdict.handling, verdict.urgency) == (Handling.COLLAPSE, Urgency.NOW)
    assert verdict.content_note == DEFAULT.content_notes["methods"]
    assert verdict.support


def test_means_without_danger_are_folded_too():
    verdict = judge(read(), (METHODS,), Context())
    assert (verdict.handling, verdict.urgency) == (Handling.COLLAPSE, Urgency.NONE)


def test_telling_another_to_die_is_held_and_no_danger_to_its_author():
    verdict = judge(read(), find("kys"), Context())
    assert (verdict.handling, verdict.urgency) == (Handling.HOLD, Urgency.NONE)
    assert not verdict.support


def test_unassessed_encouragement_is_published_and_looked_at_soon():
    verdict = judge(Assessment.not_assessed("late"), find("kys"), Context())
    assert (verdict.handling, verdict.urgency) == (Handling.PUBLISH, Urgency.SOON)
    assert (verdict.about, verdict.support) == ("another", False)


def test_a_harsh_word_is_nudged_with_the_words_marked():
    span = Span("insult", 8, 13)
    assessment = Assessment(
        True, "m", "en", {"toxicity": 0.9, "insult": 0.8, "dismissive": 0.9}, {}, (span,)
    )
    verdict = judge(assessment, (), Context())
    assert verdict.handling is Handling.NUDGE
    assert [(r.code, r.spans) for r in verdict.reasons] == [("harsh", (span,))]


def test_swearing_at_nobody_is_not_nudged():
    swearing = read(toxicity=0.9, obscene=0.95, insult=0.1, threat=0.0, identity_attack=0.0)
    assert judge(swearing, (), REPLY).handling is Handling.PUBLISH


@pytest.mark.parametrize("name", ["dismissive", "unasked_advice"])
def test_only_a_reply_is_nudged_for_what_it_lacks(name):
    assessment = read(**{name: DEFAULT.nudge[name]})
    assert judge(assessment, (), REPLY).handling is Handling.NUDGE
    assert judge(assessment, (), Context()).handling is Handling.PUBLISH
    assert judge(assessment, (), Context(True, tone_nudges=False)).handling is Handling.PUBLISH


def test_a_reply_without_empathy_is_nudged_only_when_the_model_is_sure_of_all_three():
    sure, unsure = (0.99, 0.01, 0.0), (0.9, 0.1, 0.0)
    absent = read(dict.fromkeys(EMPATHY, sure))
    one_unsure = read(dict.fromkeys(EMPATHY, sure) | {"exploration": unsure})
    two_only = read(dict.fromkeys(EMPATHY[:2], sure))
    assert judge(absent, (), REPLY).handling is Handling.NUDGE
    assert judge(one_unsure, (), REPLY).handling is Handling.PUBLISH
    assert judge(two_only, (), REPLY).handling is Handling.PUBLISH


def test_a_backend_without_the_finer_signals_must_be_surer():
    assert judge(read(toxicity=0.8), (), Context()).handling is Handling.PUBLISH
    assert judge(read(toxicity=0.95), (), Context()).handling is Handling.NUDGE


def test_the_policy_says_that_no_clinician_has_reviewed_it():
    assert DEFAULT.review == "not yet reviewed by a clinician"
    assert set(TOXICITY) >= set(DEFAULT.hold)


@pytest.mark.parametrize("broken", ["", "version = 1", "version = ", "[risk]\nnow_level = 4"])
def test_a_broken_policy_is_refused(broken):
    with pytest.raises(PolicyInvalid):
        Policy.read(broken)
