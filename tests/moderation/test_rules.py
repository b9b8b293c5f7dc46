import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moderation.classifier import Assessment, Span
from moderation.errors import PolicyInvalid
from moderation.lexicon import Hit
from moderation.normalise import normalise
from moderation.nudges import compose
from moderation.policy import DEFAULT, Context, Handling, Urgency, judge
from moderation.rules import Rule, RuleBook, RuleHit, compile_pattern, folded_pattern
from moderation.shadow import POLICY, Would, candidate, rules_in_shadow
from tests.moderation.test_policy import DANGER, METHODS, assessments, hits, read, risk_levels

ROOM = Context(room="kitchen-table")
REPLY = Context(is_reply=True, room="kitchen-table")
TEXT = "the weather is fine"


def rule(**fields):
    given = {"name": "selling", "words": "This looks like something for sale", "terms": ("crypto",)}
    if "urgency" not in fields:
        given["handling"] = Handling.HOLD
    return Rule(**(given | fields))


def found_in(text, *rules):
    return [
        (hit.rule.name, [text[start:end] for start, end in hit.spans])
        for hit in RuleBook(rules).find(normalise(text))
    ]


def hit(**fields):
    return RuleHit(rule(**fields), ((0, 3),))


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Buy CRYPTO today", ["CRYPTO"]),
        ("buy c r y p t o today", ["c r y p t o"]),
        ("cr\u00fdpt\u00f3!", ["cr\u00fdpt\u00f3"]),
        ("\u200bcrypto and crypto", ["crypto", "crypto"]),
        ("cryptography is a science", None),
        ("nothing here", None),
    ],
)
def test_a_term_is_found_whole_and_through_disguises(text, marked):
    assert found_in(text, rule()) == ([("selling", marked)] if marked else [])


def test_a_pattern_reads_the_folded_text_and_marks_the_original():
    free = rule(terms=(), patterns=(r"free (coins|followers)", "caf\u00e9 don't"))
    assert found_in("Get FREE   coins", free) == [("selling", ["FREE   coins"])]
    assert found_in("at the Caf\u00e9 don't ask", free) == [("selling", ["Caf\u00e9 don't"])]


def test_rules_are_found_in_their_order_each_once():
    second = rule(name="links", terms=(), patterns=("https?://",), urgency=Urgency.ROUTINE)
    text = "crypto, crypto: http://example.org"
    assert [name for name, _ in found_in(text, second, rule())] == ["links", "selling"]
    assert RuleBook(()).find(normalise(text)) == ()


@pytest.mark.parametrize("pattern", [r"(?=a)", r"(a)\1", "(", r"((a{100}){100}){100}", "[z-a]"])
def test_what_re2_cannot_take_is_refused_with_its_reason(pattern):
    with pytest.raises(PolicyInvalid, match=r"RE2 cannot take this pattern: .+"):
        compile_pattern(folded_pattern(pattern))


def test_a_pattern_that_would_stop_another_engine_takes_no_time():
    book = RuleBook([rule(terms=(), patterns=(r"(a|a)*(a|aa)+$", r"(x+x+)+y"))])
    began = time.perf_counter()
    for text in ("a" * 9_000 + "b", "x" * 9_000):
        book.find(normalise(text))
    assert time.perf_counter() - began < 5


rules_of_all_kinds = st.builds(
    lambda effect, shadow: hit(**effect, shadow=shadow),
    st.sampled_from(
        [{"handling": h} for h in (Handling.HOLD, Handling.NUDGE, Handling.COLLAPSE)]
        + [{"urgency": u, "handling": None} for u in (Urgency.ROUTINE, Urgency.SOON)]
    ),
    st.booleans(),
)


NAMED = Hit("a_code", "methods", "self", Urgency.ROUTINE, "words", 0, 3)


@example(Assessment(True, "m", "en", {}, {}), [NAMED], [hit(handling=Handling.HOLD)])
@given(assessments, st.lists(hits, max_size=2), st.lists(rules_of_all_kinds, max_size=3))
def test_on_a_message_of_somebody_maybe_in_danger_rules_may_only_show_it(assessment, found, rules):
    plain = judge(assessment, found, ROOM)
    ruled = judge(assessment, found, ROOM, DEFAULT, rules)
    chance = sum(assessment.levels["risk"][1:]) if "risk" in assessment.levels else None
    chance = assessment.signals.get("risk", 0.0) if chance is None else chance
    if plain.support or any(one.danger for one in found) or chance >= DEFAULT.risk["spare_from"]:
        assert ruled.handling is plain.handling
        assert ruled.about == plain.about
    if not assessment.assessed:
        assert ruled.handling in (Handling.PUBLISH, Handling.COLLAPSE)
    assert ruled.urgency.rank >= plain.urgency.rank
    assert ruled.support == plain.support


def test_a_rule_holds_folds_nudges_or_shows_and_names_itself():
    for handling in (Handling.HOLD, Handling.COLLAPSE, Handling.NUDGE):
        verdict = judge(read(), (), ROOM, DEFAULT, [hit(handling=handling)])
        assert verdict.handling is handling
        reason = verdict.reasons[0]
        assert (reason.code, reason.words) == ("rule:selling", "This looks like something for sale")
        assert reason.spans == (Span("rule:selling", 0, 3),)
    folded = judge(read(), (), ROOM, DEFAULT, [hit(handling=Handling.COLLAPSE)])
    assert folded.content_note == "This looks like something for sale"
    shown = judge(read(), (), ROOM, DEFAULT, [hit(urgency=Urgency.SOON)])
    assert (shown.handling, shown.urgency, shown.by_rule) == (Handling.PUBLISH, Urgency.SOON, True)
    assert (shown.about, shown.support) == (None, False)


def test_danger_keeps_its_own_urgency_and_support_beside_a_rule():
    verdict = judge(read(risk_levels(l2=1.0)), (), ROOM, DEFAULT, [hit(urgency=Urgency.SOON)])
    assert (verdict.urgency, verdict.about, verdict.support) == (Urgency.SOON, "self", True)
    assert verdict.by_rule is False
    assert [reason.code for reason in verdict.reasons] == ["risk", "rule:selling"]
    assert judge(read(), (DANGER,), ROOM, DEFAULT, [hit()]).urgency is Urgency.NOW


def test_what_nobody_read_is_folded_and_shown_instead_of_held():
    verdict = judge(Assessment.not_assessed("late"), (), ROOM, DEFAULT, [hit()])
    assert (verdict.handling, verdict.urgency) == (Handling.COLLAPSE, Urgency.ROUTINE)
    assert verdict.by_rule
    assert [reason.code for reason in verdict.reasons] == ["rule:selling"]
    nudged = judge(
        Assessment.not_assessed("late"), (), ROOM, DEFAULT, [hit(handling=Handling.NUDGE)]
    )
    assert nudged.handling is Handling.PUBLISH


@pytest.mark.parametrize(
    "context",
    [Context(), Context(room="low-days", private=True), Context(room="somewhere-else")],
    ids=["screened", "private", "another room"],
)
def test_a_rule_reads_only_in_its_rooms(context):
    here = hit(rooms=frozenset({"low-days"}))
    assert judge(read(), (), context, DEFAULT, [here]).handling is Handling.PUBLISH
    assert judge(read(), (), Context(room="low-days"), DEFAULT, [here]).handling is Handling.HOLD


def test_a_rule_nudges_once_and_nobody_who_switched_nudges_off():
    nudging = [hit(handling=Handling.NUDGE)]
    first = judge(read(), (), REPLY, DEFAULT, nudging)
    assert compose(first.reasons).words == "This looks like something for sale"
    for context in (
        Context(insist=True, room="kitchen-table"),
        Context(tone_nudges=False, room="kitchen-table"),
    ):
        assert judge(read(), (), context, DEFAULT, nudging).handling is Handling.PUBLISH


def test_means_stay_behind_their_own_note():
    verdict = judge(read(), (METHODS,), ROOM, DEFAULT, [hit(handling=Handling.COLLAPSE)])
    assert verdict.content_note == DEFAULT.content_notes["methods"]


def test_a_rule_in_shadow_does_nothing_and_is_counted():
    sleeping = hit(shadow=True)
    verdict = judge(read(), (), ROOM, DEFAULT, [sleeping])
    assert (verdict.handling, verdict.reasons) == (Handling.PUBLISH, ())
    would = [*rules_in_shadow(read(), (), ROOM, DEFAULT, [sleeping])]
    assert would == [Would("rule:selling", "judged"), Would("rule:selling", "publish>hold")]
    spared = [*rules_in_shadow(read(), (DANGER,), ROOM, DEFAULT, [sleeping])]
    assert spared == [Would("rule:selling", "judged")]
    assert [*rules_in_shadow(read(), (), ROOM, DEFAULT, [hit()])] == []


def test_a_policy_on_trial_is_counted_beside_the_one_that_judges():
    live = judge(read(), (), ROOM)
    after = judge(read(), (), ROOM, DEFAULT, [hit(urgency=Urgency.ROUTINE)])
    assert [*candidate(live, after)] == [Would(POLICY, "judged"), Would(POLICY, "none>routine")]
