import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.backends import load_classifier
from moderation.classifier import Passage
from moderation.lexicon import find
from moderation.outputs import ABOUT
from moderation.policy import Context, Handling, Urgency, judge
from moderation.signals import EMPATHY, SIGNALS, TOXICITY

MODEL = load_classifier("embedded")
POST = "My sister moved away and the house is so quiet now."


def assess(text, in_reply_to=None):
    return MODEL.assess([Passage(text, in_reply_to)])[0]


def verdict(text, in_reply_to=None):
    context = Context(is_reply=in_reply_to is not None)
    return judge(assess(text, in_reply_to), find(text), context)


def test_nothing_in_is_nothing_out_and_order_is_kept():
    assert MODEL.assess([]) == []
    texts = ["you are a stupid idiot", "I went for a walk today"]
    both = MODEL.assess([Passage(text) for text in texts])
    assert both == [assess(text) for text in texts]


@given(st.text(max_size=200), st.none() | st.text(max_size=100))
@settings(deadline=None, max_examples=150)
def test_any_text_gives_signals_in_their_range_and_spans_inside_the_text(text, answered):
    assessment = assess(text, answered)
    assert assessment.model == MODEL.version
    for name, value in assessment.signals.items():
        assert SIGNALS[name].low <= value <= SIGNALS[name].high + 1e-9
    for name, shares in assessment.levels.items():
        if name == "about":  # six kinds, not levels
            continue
        assert sum(shares) == pytest.approx(1.0)
        assert min(shares) >= 0.0
        expected = sum(level * share for level, share in enumerate(shares))
        assert assessment.signals[name] == pytest.approx(expected)
    for span in assessment.spans:
        assert 0 <= span.start < span.end <= len(text)


def test_a_reply_is_read_for_empathy_and_a_first_message_is_not():
    assert set(EMPATHY) <= assess("that sounds so lonely", POST).levels.keys()
    assert not set(EMPATHY) & assess("that sounds so lonely").levels.keys()


def test_insult_is_seen_and_its_words_are_marked():
    text = "Honestly, you are a stupid worthless idiot"
    assessment = assess(text)
    assert assessment.signals["toxicity"] > 0.7
    assert any("idiot" in text[s.start : s.end] for s in assessment.spans if s.signal in TOXICITY)
    assert verdict(text).handling is Handling.NUDGE


@pytest.mark.parametrize("first", [True, False])
def test_of_a_long_text_only_what_is_strongest_in_all_of_it_is_marked(first):
    calm = "I went to the market and bought bread, and the sun was out. " * 20
    harsh = "You are a stupid worthless idiot. "
    text, at = (harsh + calm, 0) if first else (calm + harsh, len(calm))
    spans = [s for s in assess(text).spans if s.signal == "toxicity"]
    assert spans
    assert all(at <= span.start < at + len(harsh) for span in spans)


@pytest.mark.parametrize(
    "text",
    [
        "I'm such a stupid worthless idiot",
        "I am a pathetic failure and I hate myself",
        "he called me a stupid bitch in front of the kids",
        "this traffic is killing me",
        "I am a gay man and I feel alone in this town",
        "fuck depression, honestly",
    ],
)
def test_distress_reports_idioms_and_identity_are_not_harsh(text):
    assert assess(text).signals["toxicity"] < 0.5
    assert verdict(text).handling is Handling.PUBLISH


@pytest.mark.parametrize(
    "disguise", ["you stup1d w0rthless 1diot", "you s t u p i d idiot", "yоu аre а stupid idiоt"]
)
def test_a_disguised_insult_is_read_as_a_reader_sees_it(disguise):
    assert assess(disguise).signals["toxicity"] > 0.5


def test_danger_is_seen_and_never_judged_for_tone():
    text = "I have the pills in front of me, goodbye, you bastards never cared"
    found = verdict(text)
    assert found.urgency is Urgency.NOW
    assert found.support
    assert found.handling in (Handling.PUBLISH, Handling.COLLAPSE)


def test_advice_before_listening_and_making_it_smaller_are_nudged():
    assert [r.code for r in verdict("You should just get a cat.", POST).reasons] == [
        "unasked_advice"
    ]
    assert [r.code for r in verdict("get over it, others have it worse", POST).reasons] == [
        "dismissive"
    ]


@pytest.mark.parametrize("text", ["Ich fühle mich heute sehr allein und traurig", "я очень устал"])
def test_a_language_it_cannot_read_is_not_assessed(text):
    assessment = assess(text)
    assert (assessment.assessed, assessment.why_not) == (False, "language")


@pytest.mark.parametrize("text", ["ok", "thanks", "😂", "", "...", "!!", "hm", "Berlin"])
def test_a_few_letters_are_assessed_and_harmless(text):
    assert assess(text).assessed
    assert verdict(text, POST).handling is Handling.PUBLISH


def test_the_lexicon_backend_assesses_nothing_and_says_so():
    assessments = load_classifier("lexicon").assess([Passage("you idiot"), Passage("hi")])
    assert [(a.assessed, a.why_not) for a in assessments] == [(False, "no model")] * 2


WITHOUT = """
import sys
sys.modules["onnxruntime"] = None
from moderation.backends import load_classifier
from moderation.classifier import Passage
model = load_classifier("embedded")
read = model.assess([Passage("get over it, you stupid idiot", "I feel so alone")])[0]
print(model.version, read.signals["toxicity"] > 0.5, read.signals["dismissive"] > 0.5)
"""


def test_without_onnxruntime_the_ngrams_read_alone_and_say_so():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True)
    assert done.stdout.split() == [f"{MODEL.version}-ngrams", "True", "True"], done.stderr


def test_the_end_of_a_long_text_counts_as_its_beginning():
    long = "We talked about the garden and about the weather for the whole afternoon. " * 60
    end = "I have the pills here and I am going to take all of them tonight."
    assert assess(long).signals["risk"] < 1
    assert assess(long + end).signals["risk"] > 2.5


def test_whom_talk_of_suicide_is_about_is_six_shares():
    shares = assess("My friend says she wants to kill herself.").levels["about"]
    assert sum(shares) == pytest.approx(1.0)
    assert ABOUT[shares.index(max(shares))] == "another"


def test_a_batch_answers_exactly_as_one_by_one_would():
    texts = ["hello", "you stupid idiot " * 40, "I want to die", "ich bin müde und traurig", ""]
    together = MODEL.assess([Passage(text) for text in texts])
    assert together == [assess(text) for text in texts]
    assert load_classifier("embedded", threads=3).assess([Passage(t) for t in texts]) == together
