import json

import pytest

from moderation.assess import LineUnreadable, assess_lines
from moderation.backends import load_classifier

MODEL = load_classifier("embedded")


def test_one_line_in_is_one_assessment_out_with_stable_keys():
    lines = [
        '{"text": "you stupid idiot"}',
        "",
        '{"text": "so sorry", "in_reply_to": "my dog died"}',
    ]
    answers = [json.loads(line) for line in assess_lines(lines, MODEL)]
    assert len(answers) == 2
    for answer in answers:
        assert set(answer) >= {"signals", "spans", "language", "assessed", "model", "policy"}
        assert set(answer["policy"]) >= {"handling", "urgency", "reasons"}
        assert len(answer["signals"]["risk_levels"]) == 7
    assert answers[0]["policy"]["handling"] == "nudge"
    assert len(answers[1]["signals"]["emotional_reaction_levels"]) == 3


@pytest.mark.parametrize(
    "line",
    ["nonsense", "[]", "{}", '{"text": 5}', '{"text": "a", "in_reply_to": 1}', "1", "[" * 100_000],
)
def test_a_line_that_cannot_be_read_is_named_by_its_number(line):
    with pytest.raises(LineUnreadable, match="line 2"):
        list(assess_lines(['{"text": "fine"}', line], MODEL))


def test_the_lexicon_alone_still_raises_urgency():
    (line,) = assess_lines(['{"text": "I took all my pills"}'], load_classifier("lexicon"))
    answer = json.loads(line)
    assert (answer["assessed"], answer["policy"]["urgency"]) == (False, "now")
