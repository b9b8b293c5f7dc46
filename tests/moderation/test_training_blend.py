import json

import numpy as np
import pytest

pytest.importorskip("sklearn")

from moderation.blend import FINER, Blend
from moderation.classifier import Passage
from moderation.encoder import load_encoder
from moderation.linear import unpack
from moderation.marking import likely
from moderation.model import Both, EmbeddedModel
from moderation.outputs import AT, MARKS
from moderation.registry import BLEND, ENCODER, LINEAR, TOKENIZER, find_model
from moderation.training.blend import fit_blend, fit_marks, read, token_chances
from moderation.training.datasets import Row, read_all

POST = "My sister moved away and the house is so quiet now."
SMALL, WARM = "get over it, others have it worse", "that quiet must be so hard to come home to"
SHIPPED = find_model()
NGRAMS = unpack(SHIPPED.path(LINEAR).read_bytes())
MODEL_ALONE = EmbeddedModel("n-grams", NGRAMS, None)
_SAID = [(f"you said {n} things", n % 2) for n in range(20)]


def weighed(**weights):
    """The shipped model, with another weight of the rules for dismissal."""
    both = shipped_both()
    at = AT["dismissive"]
    both.blend.encoder[at], both.blend.linear[at], both.blend.offset[at] = weights.values()
    return EmbeddedModel("weighed", NGRAMS, both)


def shipped_both():
    encoder = load_encoder(SHIPPED.path(ENCODER), SHIPPED.path(TOKENIZER))
    return Both(encoder, Blend.read(SHIPPED.path(BLEND)))


def test_a_blend_that_weighs_the_rules_is_taken_at_its_word():
    model = weighed(encoder=0.0, linear=1.0, offset=0.0)
    read = model.assess([Passage(SMALL, POST), Passage(WARM, POST)])
    assert [a.signals["dismissive"] for a in read] == pytest.approx([0.85, 0.05])


def test_a_blend_from_before_has_the_rules_as_a_second_opinion():
    model = weighed(encoder=0.0, linear=0.0, offset=0.0)
    read = model.assess([Passage(SMALL, POST), Passage(WARM, POST)])
    assert [a.signals["dismissive"] for a in read] == pytest.approx([4.5 / 5.5, 1 / 5.5])


def test_the_rules_are_weighed_on_rows_that_were_held_back():
    rows = [
        Row(text, "contrast-held", str(n), {"dismissive": said}, POST)
        for n in range(9)
        for text, said in ((SMALL, 1), (WARM, 0))
    ]
    fitted = fit_blend(rows, read(MODEL_ALONE, rows), np.full(len(MARKS), 0.5))
    assert fitted.linear[AT["dismissive"]] > 0
    assert fitted.linear[AT["reader_harm"]] == 0


def test_asking_is_weighed_without_the_words_on_what_peers_wrote():
    said = {"exploration": 2, "interpretation": 2}
    rows = [
        Row(text, source, str(n), dict.fromkeys(said, level), POST)
        for n in range(9)
        # Our own lines say the opposite here: they are not to count for asking.
        for source, text, level in (
            ("epitome", WARM, 2), ("epitome", SMALL, 0),
            ("contrast-held", SMALL, 2), ("contrast-held", SMALL, 2), ("contrast-held", WARM, 0),
        )
    ]  # fmt: skip
    model = EmbeddedModel("m", NGRAMS, shipped_both())
    found = read(model, rows)
    fitted = fit_blend(rows, found, np.full(len(MARKS), 0.5))
    ours = [(row, one) for row, one in zip(rows, found, strict=True) if row.source == "epitome"]
    alone = fit_blend([row for row, _ in ours], [one for _, one in ours], np.full(len(MARKS), 0.5))
    for head in ("exploration>=1", "exploration>=2"):
        at = AT[head]
        assert fitted.linear[at] == 0
        assert (fitted.encoder[at], fitted.offset[at]) == (alone.encoder[at], alone.offset[at])
    at = AT["interpretation>=1"]
    assert fitted.offset[at] != alone.offset[at]


def test_toxicity_is_weighed_from_all_six_of_the_encoders_heads():
    rows = [Row(text, "jigsaw", text, {"toxicity": toxic}) for text, toxic in _SAID for _ in "ab"]
    found = [one for one in read(MODEL_ALONE, rows) if one]
    for n, (row, one) in enumerate(zip(rows, found, strict=True)):
        one.encoder[:] = n % 3
        one.encoder[AT["insult"]] = 4.0 if row.labels["toxicity"] else -4.0
    fitted = fit_blend(rows, found, np.full(len(MARKS), 0.5))
    assert fitted.finer[FINER.index("insult")] > 0.2
    assert fitted.encoder[AT["toxicity"]] == pytest.approx(0, abs=0.1)


def test_marks_are_fitted_to_show_of_each_text_what_people_marked():
    both = shipped_both()
    model = EmbeddedModel("m", NGRAMS, both)
    rows = [
        Row(text, "toxic_spans", text, {"toxicity": 1}, marks={"toxicity": [_at(text, word)]})
        for text, word in (
            ("you are an idiot", "idiot"),
            ("what a moron you are, honestly", "moron"),
        )
    ]
    texts = [*token_chances(model, both, rows, "toxicity")]
    assert [labels.sum() >= 1 for _, labels in texts] == [True, True]
    bars = fit_marks(model, both, rows)
    shown = [likely(chances, bars[MARKS.index("toxicity")]) for chances, _ in texts]
    assert all((on == labels).all() for on, (_, labels) in zip(shown, texts, strict=True))
    assert bars[MARKS.index("exploration")] == 0.5


def _at(text, word):
    return text.index(word), text.index(word) + len(word)


def test_a_peer_who_shows_anything_has_not_attacked_and_one_who_shows_nothing_may_have(tmp_path):
    (tmp_path / "epitome").mkdir()
    nothing = dict.fromkeys(("emotional_reaction", "interpretation", "exploration"), 0)
    words = {"post_id": "1", "post": POST, "reply": WARM, "spans": {name: [] for name in nothing}}
    lines = [json.dumps(words | nothing | shown) for shown in ({"interpretation": 2}, {})]
    (tmp_path / "epitome" / "train.jsonl").write_text("\n".join(lines))
    others = {"jigsaw", "balanced", "toxic_spans", "context", "davidson", "cssrs", "contrast"}
    warm, flat = read_all(tmp_path, frozenset(others))
    assert {name: warm.labels[name] for name in ("dismissive", "toxicity", "reader_harm")} == {
        "dismissive": 0, "toxicity": 0, "reader_harm": 0,
    }  # fmt: skip
    assert not {"dismissive", "toxicity", "reader_harm"} & flat.labels.keys()
