import io
import json
import queue

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
def test_a_line_that_cannot_be_read_is_named_by_its_number_and_those_before_it_are_answered(line):
    answers = assess_lines(['{"text": "fine"}', line, '{"text": "fine"}'], MODEL)
    assert json.loads(next(answers))["assessed"]
    with pytest.raises(LineUnreadable, match="line 2"):
        next(answers)


def test_words_that_are_not_utf_8_are_refused_with_their_line():
    lines = io.TextIOWrapper(
        io.BytesIO(b'{"text": "fine"}\n' + b"x" * 9000 + b'{"text": "caf\xe9"}\n')
    )
    with pytest.raises(LineUnreadable, match=r"line \d+ is not UTF-8"):
        list(assess_lines(lines, MODEL))


def test_who_waits_for_an_answer_before_writing_on_gets_it():
    answered: queue.Queue[str] = queue.Queue()

    def ask():
        yield '{"text": "fine"}'
        yield json.dumps({"text": f"and {answered.get(timeout=30)[:9]}"})

    for answer in assess_lines(ask(), MODEL):
        answered.put(answer)
    assert answered.qsize() == 1  # of two, one was waited for


def test_lines_that_break_off_are_not_taken_for_their_end():
    def lines():
        yield '{"text": "fine"}'
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(assess_lines(lines(), MODEL))


def test_more_than_a_batch_is_answered_in_order():
    lines = [json.dumps({"text": text}) for text in ("you stupid idiot", "a kettle", "") * 50]
    found = [
        json.loads(line)["signals"].get("toxicity", 0) > 0.5 for line in assess_lines(lines, MODEL)
    ]
    assert found == [True, False, False] * 50


@pytest.mark.parametrize(
    ("answered", "handling"),
    [
        ("I want to kill myself tonight", "hold"),
        ("I cut again last night, deeper than before", "hold"),
        ("I want to learn to swim", "publish"),
        (None, "publish"),
    ],
)
def test_what_urges_somebody_on_is_judged_by_what_it_answers(answered, handling):
    (line,) = assess_lines(
        [json.dumps({"text": "go through with it", "in_reply_to": answered})], MODEL
    )
    assert json.loads(line)["policy"]["handling"] == handling


def test_the_lexicon_alone_still_raises_urgency():
    (line,) = assess_lines(['{"text": "I took all my pills"}'], load_classifier("lexicon"))
    answer = json.loads(line)
    assert (answer["assessed"], answer["policy"]["urgency"]) == (False, "now")
