from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.classifier import Assessment, Span
from moderation.errors import PolicyInvalid
from moderation.lexicon import Hit, find, urging_in
from moderation.normalise import normalise
from moderation.outputs import ABOUT
from moderation.phrases import Tokens
from moderation.policy import DEFAULT, Context, Handling, Policy, Urgency, judge
from moderation.sharing import tells_of_its_author
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
    {},
    optional={name: shares(len(SIGNALS[name].levels)) for name in (*EMPATHY, "risk")}
    | {"about": shares(len(ABOUT))},
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
contexts = st.builds(Context, *(st.booleans() for _ in fields(Context)))
REPLY = Context(is_reply=True)
ABSENT, MORE_ABSENT, STRONG = (0.98, 0.02, 0.0), (0.99, 0.01, 0.0), (0.1, 0.1, 0.8)
DANGER = Hit("intent", "intent", "self", Urgency.NOW, "words", 0, 3)
METHODS = Hit("methods", "methods", "another", Urgency.NONE, "words", 4, 8)


def read(levels=None, **signals):
    return Assessment(True, "m", "en", signals, levels or {})


def about(**share):
    """Talk of suicide by whose it is; what is left belongs to nobody."""
    rest = {"none": 1.0 - sum(share.values())}
    return {"about": tuple((rest | share).get(who, 0.0) for who in ABOUT)}


def empathy(**first):
    """(P(level 0), 1, 2) by name; the others are surely absent."""
    return dict.fromkeys(EMPATHY, ABSENT) | first


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
    if verdict.praise:
        assert (verdict.handling, verdict.urgency) == (Handling.PUBLISH, Urgency.NONE)
        assert context.is_reply
        assert context.tone_nudges


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
    "abuse", [{"threat": 0.95}, {"severe_toxicity": 0.97}, {"identity_attack": 0.99}]
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


BESIDE_DANGER = Context(is_reply=True, answers_danger=True)


def urging(text="do it, coward"):
    return urging_in(Tokens.of(normalise(text)))


def test_urging_on_somebody_in_danger_is_held():
    verdict = judge(read(), urging(), BESIDE_DANGER)
    assert (verdict.handling, verdict.urgency) == (Handling.HOLD, Urgency.NONE)
    assert [reason.code for reason in verdict.reasons] == ["answer_encouragement"]
    assert judge(read(), urging(), replace(BESIDE_DANGER, insist=True)).handling is Handling.HOLD


@given(assessments, contexts)
def test_the_same_words_elsewhere_are_everyday_words(assessment, context):
    elsewhere = replace(context, answers_danger=False)
    assert judge(assessment, urging(), elsewhere) == judge(assessment, (), elsewhere)


@given(shares(7))
def test_whoever_only_urges_another_on_is_not_read_as_in_danger(levels):
    verdict = judge(read({"risk": levels}), urging(), BESIDE_DANGER)
    assert (verdict.handling, verdict.support) == (Handling.HOLD, False)


def test_beside_a_phrase_of_danger_nothing_urges_anybody_on():
    both = (DANGER, *urging())
    assert judge(read(), both, BESIDE_DANGER) == judge(read(), (DANGER,), BESIDE_DANGER)


def test_unread_words_that_urge_somebody_on_are_folded_and_looked_at_soon():
    verdict = judge(Assessment.not_assessed("language"), urging("hazlo ya"), BESIDE_DANGER)
    assert (verdict.handling, verdict.urgency) == (Handling.COLLAPSE, Urgency.SOON)
    assert (verdict.about, verdict.support) == ("another", False)


def test_a_harsh_word_is_nudged_with_the_words_marked():
    span = Span("insult", 8, 13)
    assessment = Assessment(
        True, "m", "en", {"toxicity": 0.9, "insult": 0.8, "dismissive": 0.9}, {}, (span,)
    )
    verdict = judge(assessment, (), Context())
    assert verdict.handling is Handling.NUDGE
    assert [(r.code, r.spans) for r in verdict.reasons] == [("harsh", (span,))]


def test_a_reply_that_is_surer_to_be_advice_hears_the_milder_word():
    spoken = {"toxicity": 0.7, "insult": 0.6, "unasked_advice": 0.9}
    assert [r.code for r in judge(read(**spoken), (), REPLY).reasons] == ["unasked_advice"]
    assert [r.code for r in judge(read(**spoken), (), Context()).reasons] == ["harsh"]
    harsher = spoken | {"toxicity": 0.95}
    assert [r.code for r in judge(read(**harsher), (), REPLY).reasons] == ["harsh"]


def test_swearing_at_nobody_is_not_nudged():
    swearing = read(toxicity=0.9, obscene=0.95, insult=0.1, threat=0.0, identity_attack=0.0)
    assert judge(swearing, (), REPLY).handling is Handling.PUBLISH


@pytest.mark.parametrize("name", ["dismissive", "unasked_advice"])
def test_only_a_reply_is_nudged_for_what_it_lacks(name):
    assessment = read(**{name: DEFAULT.nudge[name]})
    assert judge(assessment, (), REPLY).handling is Handling.NUDGE
    assert judge(assessment, (), Context()).handling is Handling.PUBLISH
    assert judge(assessment, (), Context(True, tone_nudges=False)).handling is Handling.PUBLISH


@pytest.mark.parametrize(
    ("levels", "context", "codes"),
    [
        (empathy(), REPLY, ["no_feeling"]),
        (empathy(emotional_reaction=MORE_ABSENT), REPLY, ["no_feeling"]),
        (empathy(interpretation=MORE_ABSENT), REPLY, ["no_understanding"]),
        (empathy(exploration=MORE_ABSENT), REPLY, ["no_feeling"]),
        (empathy(exploration=(0.9, 0.1, 0.0)), REPLY, []),
        (dict.fromkeys(EMPATHY[:2], ABSENT), REPLY, []),
        (empathy(), Context(), []),
        (empathy(), replace(REPLY, something_to_answer=False), []),
        (empathy(), replace(REPLY, insist=True), []),
        (empathy(), replace(REPLY, tone_nudges=False), []),
    ],
)
def test_what_is_missing_in_a_reply_is_the_one_that_is_surest_to_be(levels, context, codes):
    verdict = judge(read(levels), (), context)
    assert [reason.code for reason in verdict.reasons] == codes
    assert verdict.handling is (Handling.NUDGE if codes else Handling.PUBLISH)


@pytest.mark.parametrize("name", ["dismissive", "unasked_advice"])
def test_what_hurts_is_said_before_what_is_missing(name):
    verdict = judge(read(empathy(), **{name: 0.9}), (), REPLY)
    assert [reason.code for reason in verdict.reasons] == [name]


HARSH = {"toxicity": 0.8, "insult": 0.8}


@pytest.mark.parametrize("signals", [HARSH, {"dismissive": 0.9}, {"contact": 0.9}])
@pytest.mark.parametrize(
    ("levels", "nudged"),
    [
        (about(self=0.5), False),
        (about(past=0.5), False),
        (about(self=0.3, past=0.2), False),
        (about(self=0.3, another=0.6), True),
        (about(denied=0.9), True),
        ({}, True),
    ],
)
def test_nobody_is_nudged_about_their_own_disclosure(levels, nudged, signals):
    handling = judge(read(levels, **signals), (), REPLY).handling
    assert handling is (Handling.NUDGE if nudged else Handling.PUBLISH)


SOON, NOW = risk_levels(l0=0.2, l3=0.8), risk_levels(l0=0.2, l5=0.8)
PAST_NOW = risk_levels(l0=0.05, l6=0.95)


@pytest.mark.parametrize(
    ("levels", "found", "urgency"),
    [
        (NOW | about(self=0.9), (), Urgency.NOW),
        (NOW | about(denied=0.4, quoted=0.3), (), Urgency.NOW),
        (NOW | about(denied=0.5, quoted=0.4), (), Urgency.ROUTINE),
        (NOW | about(another=0.9), (), Urgency.ROUTINE),
        (SOON | about(another=0.9), (), Urgency.ROUTINE),
        (SOON | about(past=0.9), (), Urgency.SOON),
        (risk_levels(l0=0.6, l3=0.4) | about(another=0.9), (), Urgency.ROUTINE),
        (NOW | about(past=0.9), (), Urgency.SOON),
        (PAST_NOW | about(past=0.9), (), Urgency.NOW),
        (risk_levels(l0=0.05, l5=0.95) | about(quoted=0.9), (), Urgency.NOW),
        (risk_levels(l0=0.05, l3=0.95) | about(quoted=0.9), (), Urgency.SOON),
        (NOW | about(quoted=0.9), (METHODS,), Urgency.NOW),
        (risk_levels(l0=0.9, l1=0.1) | about(quoted=0.9), (DANGER,), Urgency.NOW),
    ],
)
def test_a_text_that_only_talks_of_danger_must_be_surer_to_be_urgent(levels, found, urgency):
    verdict = judge(read(levels), found, Context())
    assert verdict.urgency is urgency
    assert verdict.support


@given(shares(7), shares(len(ABOUT)), contexts)
def test_talk_of_danger_is_never_without_a_case_where_plain_words_would_open_one(
    risk, whose, context
):
    plain = judge(Assessment(True, "m", "en", {}, {"risk": risk}), (), context)
    told = judge(Assessment(True, "m", "en", {}, {"risk": risk, "about": whose}), (), context)
    assert told.urgency.rank <= plain.urgency.rank
    assert (told.urgency is Urgency.NONE) == (plain.urgency is Urgency.NONE)


def test_talk_of_another_is_about_another():
    verdict = judge(read(NOW | about(another=0.9)), (), Context())
    assert (verdict.about, verdict.support) == ("another", True)


@pytest.mark.parametrize(
    ("signals", "context", "codes"),
    [
        ({"contact": 0.9}, Context(), ["contact"]),
        ({"contact": 0.9}, REPLY, ["contact"]),
        ({"contact": 0.6}, REPLY, []),
        ({"contact": 0.9}, Context(private=True), []),
        ({"contact": 0.9}, Context(insist=True), []),
        ({"contact": 0.9}, Context(tone_nudges=False), []),
        ({"contact": 0.9} | HARSH, Context(), ["harsh", "contact"]),
        ({"contact": 0.9, "dismissive": 0.9}, REPLY, ["contact", "dismissive"]),
    ],
)
def test_contact_details_are_pointed_out_and_never_held(signals, context, codes):
    span = Span("contact", 3, 15)
    verdict = judge(Assessment(True, "m", "en", signals, {}, (span,)), (), context)
    assert [reason.code for reason in verdict.reasons] == codes
    assert verdict.handling is (Handling.NUDGE if codes else Handling.PUBLISH)
    assert all(reason.spans == (span,) for reason in verdict.reasons if reason.code == "contact")


@pytest.mark.parametrize("levels", [SOON, risk_levels(l0=0.5, l1=0.5)])
def test_contact_details_of_somebody_who_may_be_in_danger_are_not_spoken_of(levels):
    assert judge(read(levels, contact=1.0), (), Context()).handling is Handling.PUBLISH
    assert judge(read(contact=1.0), (DANGER,), Context()).handling is Handling.PUBLISH


@pytest.mark.parametrize(
    ("levels", "signals", "context", "praised"),
    [
        (empathy(emotional_reaction=STRONG), {}, REPLY, True),
        (empathy(interpretation=STRONG), {}, REPLY, True),
        (empathy(exploration=STRONG), {}, REPLY, False),
        (empathy(interpretation=(0.0, 0.3, 0.7)), {}, REPLY, False),
        (empathy(interpretation=STRONG), {}, Context(), False),
        (empathy(interpretation=STRONG), {}, replace(REPLY, tone_nudges=False), False),
        (empathy(interpretation=STRONG), {"toxicity": 0.2}, REPLY, False),
        (empathy(interpretation=STRONG), {"dismissive": 0.3}, REPLY, False),
        (empathy(interpretation=STRONG), {"unasked_advice": 0.4}, REPLY, False),
        (empathy(interpretation=STRONG), {"contact": 0.9}, REPLY, False),
        (empathy(interpretation=STRONG) | risk_levels(l0=0.4, l1=0.6), {}, REPLY, False),
        (empathy(interpretation=STRONG) | risk_levels(l0=0.5, l1=0.5), {}, REPLY, False),
        ({}, {}, REPLY, False),
    ],
)
def test_a_reply_that_is_surely_warm_is_praised(levels, signals, context, praised):
    assert judge(read(levels, **signals), (), context).praise == ("warm" if praised else None)


def test_a_warm_reply_with_a_phrase_of_the_lexicon_is_not_praised():
    warm = read(empathy(interpretation=STRONG))
    assert judge(warm, (), REPLY).praise == "warm"
    assert judge(warm, (DANGER,), REPLY).praise is None
    assert judge(warm, (METHODS,), REPLY).praise is None


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("My dog died last night and I cannot stop crying", True),
        ("im so tired of pretending that all is fine", True),
        ("ok thanks", False),
        ("I can't anymore", False),
        ("Does anybody know what time the group meets on Sunday?", False),
        ("", False),
    ],
)
def test_a_text_that_tells_of_its_author_gives_something_to_answer(text, tells):
    assert tells_of_its_author(text) is tells


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
