import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.classifier import Assessment
from moderation.errors import PolicyInvalid
from moderation.lexicon import find
from moderation.policy import DEFAULT, Context, Handling, Urgency, judge
from moderation.policy_text import (
    _LIMITS,
    MOST_CHARS,
    changes,
    check_policy,
    lines_of,
    numbered,
    read_policy,
)
from moderation.thresholds import SHIPPED
from tests.moderation.test_policy import read, risk_levels

RULE = """
[[rule]]
name = "selling"
words = "This looks like something for sale"
terms = ["crypto"]
handling = "hold"
"""


def wrong(written, rooms=None):
    checked = check_policy(written, rooms)
    assert checked.policy is None
    return [(one.key, one.line) for one in checked.problems], "\n".join(map(str, checked.problems))


def test_what_is_left_out_stands_as_it_is_shipped():
    assert read_policy("") == read_policy(SHIPPED) == DEFAULT
    changed = read_policy("[hold]\nthreat = 0.6\n")
    assert dict(changed.hold) == dict(DEFAULT.hold) | {"threat": 0.6}
    assert [(c.key, c.before, c.after) for c in changes(DEFAULT, changed)] == [
        ("hold.threat", "0.8", "0.6")
    ]


def test_an_edition_is_named_by_its_number():
    policy = numbered(read_policy(RULE), 7)
    assert policy.version == f"{DEFAULT.version}+7"
    assert judge(read(), (), Context(), policy).policy == policy.version


@pytest.mark.parametrize(
    ("written", "key", "line", "says"),
    [
        ("[risk]\n\nnow_from = 2", "risk.now_from", 3, "from 0.05 to 0.9"),
        ("[risk]\nnow_from = true", "risk.now_from", 2, "must be a number"),
        ('[risk]\nnow_from = "0.5"', "risk.now_from", 2, "must be a number"),
        ("[risk]\nnow_level = 4.5", "risk.now_level", 2, "whole number from 3 to 5"),
        ("[risk]\nspare_from = 0.51", "risk.spare_from", 2, "from 0.05 to 0.5"),
        ("[risk]\nsoon_level = 4", "risk.soon_level", 2, "below now_level"),
        ("[risk]\nlexicon = false", "risk.lexicon", 2, "is not known. Allowed: now_level"),
        ("[lexicon]\noff = true", "lexicon", 1, "is not known. Allowed: version"),
        ("risk = 1", "risk", 1, "must be a table"),
        ('[words]\nrisk = ""', "words.risk", 2, "1 to 200 characters"),
        ('[words]\nrisk = "a\\nb"', "words.risk", 2, "on one line"),
        ("[hold]\nthreat = nan", "hold.threat", 2, "from 0.3 to 1"),
        ("a = = 1", "TOML", 1, "Invalid value"),
    ],
)
def test_a_mistake_is_told_with_its_key_its_line_and_what_is_allowed(written, key, line, says):
    found, words = wrong(written)
    assert (key, line) in found
    assert says in words


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        (('"selling"', '"Selling!"'), "name", "small letters"),
        (('terms = ["crypto"]', ""), "patterns", "give patterns, terms, or both"),
        (('["crypto"]', '["\u200b"]'), "terms", "number 1: nothing of it is left"),
        (("terms", "patterns"), None, ""),
        (('terms = ["crypto"]', "patterns = ['a*']"), "patterns", "matches an empty text"),
        (('terms = ["crypto"]', "patterns = ['(?!a)']"), "patterns", "RE2 cannot take"),
        (('handling = "hold"', 'handling = "publish"'), "handling", "collapse, nudge, hold"),
        (('handling = "hold"', 'urgency = "now"'), "urgency", "one of: routine, soon"),
        (('handling = "hold"', ""), "handling", "exactly one"),
        (('handling = "hold"', 'handling = "hold"\nif = 1'), "if", "is not known"),
        (('handling = "hold"', 'handling = "hold"\nshadow = 1'), "shadow", "true or false"),
        (('handling = "hold"', 'handling = "hold"\nrooms = ["attic"]'), "rooms", "no room attic"),
        (('words = "This looks like something for sale"', ""), "words", "is missing"),
    ],
)
def test_a_rule_is_checked_as_strictly(change, key, says):
    written = RULE.replace(*change)
    if key is None:
        assert check_policy(written).policy
        return
    found, words = wrong(written, ["kitchen-table"])
    assert found[0][0] == f"rule 1.{key}"
    assert found[0][1]
    assert says in words


def test_every_mistake_is_told_at_once():
    found, _ = wrong("[risk]\nnow_from = 2\nfoo = 1\n[nudge]\naimed = -1\n" + RULE + RULE)
    assert [key for key, _ in found] == [
        "risk.now_from", "risk.foo", "nudge.aimed", "rule 2.name",
    ]  # fmt: skip
    with pytest.raises(PolicyInvalid, match=r"line 2, risk\.now_from"):
        read_policy("[risk]\nnow_from = 2")


def test_lines_are_those_of_the_editor():
    written = 'a = """\n[b]\nc = 1\n"""\n[d]\ne = [\n 1,\n]\n[[rule]]\n[[rule]]\nname = 1\n'
    lines = lines_of(written)
    assert lines[("d",)] == 5
    assert lines[("rule", "1", "name")] == 11
    assert ("b", "c") not in lines


def test_a_text_that_is_too_long_is_not_read():
    assert check_policy("#" * (MOST_CHARS + 1)).problems[0].key == "policy"


def test_beyond_the_guard_band_it_is_said_in_words_what_it_means_for_people_in_danger():
    assert check_policy("[risk]\nnow_from = 0.6").warnings == ()
    warning = check_policy("[risk]\nnow_from = 0.61").warnings[0]
    assert (warning.key, warning.line) == ("risk.now_from", 2)
    assert "acute danger would be seen later" in warning.words
    assert "guard band ends at 0.6" in warning.words
    assert check_policy("[about]\ntalk = 0.6").warnings[0].key == "about.talk"
    holds = RULE.replace("crypto", "i want to die")
    assert "words of people in danger" in check_policy(holds).warnings[0].words


def allowed_values():
    """Any policy that would be taken."""
    tables = {
        table: st.fixed_dictionaries(
            {},
            optional={
                key: st.integers(low, high) if isinstance(low, int) else st.floats(low, high)
                for key, (low, high) in limits.items()
                if "level" not in key
            },
        )
        for table, limits in _LIMITS.items()
    }
    return st.fixed_dictionaries(tables)


def written(values):
    lines = []
    for table, keys in values.items():
        lines += [f"[{table}]", *(f"{key} = {value!r}" for key, value in keys.items())]
    return "\n".join(lines)


@settings(deadline=None)  # the first text has the phrases compiled
@given(allowed_values(), st.floats(0, 1), st.floats(0, 1))
def test_no_policy_switches_the_phrases_off_or_holds_somebody_in_danger(values, risk, toxicity):
    policy = read_policy(written(values))
    for assessment in (
        Assessment.not_assessed("late"),
        read(toxicity=toxicity, threat=toxicity, insult=toxicity),
    ):
        verdict = judge(assessment, find("I am going to kill myself tonight"), Context(), policy)
        assert (verdict.urgency, verdict.support) == (Urgency.NOW, True)
        assert verdict.handling in (Handling.PUBLISH, Handling.COLLAPSE)
    levels = risk_levels(l0=1 - risk, l5=risk)
    verdict = judge(read(levels, toxicity=1.0, threat=1.0, insult=1.0), (), Context(), policy)
    if risk >= 0.5:  # the floor that is no policy
        assert verdict.handling in (Handling.PUBLISH, Handling.COLLAPSE)
