import json

import numpy as np
import pytest

from moderation.blend import FINER, Blend
from moderation.errors import ModelCorrupt
from moderation.outputs import AT, HEADS, MARKS, TEXT_HEADS, between

ONES = np.ones(len(HEADS))
BARS, NOTHING = np.full(len(MARKS), 0.4), np.zeros(len(FINER))


def test_log_odds_are_weighed_head_by_head():
    blend = Blend(ONES * 2, ONES * 0.5, ONES * -1, BARS, NOTHING)
    assert blend.log_odds(ONES * 3, ONES * 4) == pytest.approx(ONES * (6 + 2 - 1))


def test_toxicity_altogether_hears_the_finer_heads_and_no_other_does():
    insult = np.array([float(name == "insult") for name in FINER])
    blend = Blend(ONES, ONES * 0, ONES * 0, BARS, insult)
    encoder = ONES * 0
    encoder[AT["insult"]], encoder[AT["threat"]] = 3.0, 5.0
    found = blend.log_odds(encoder, ONES * 0)
    assert found[AT["toxicity"]] == pytest.approx(3.0)
    found[AT["toxicity"]] = 0.0
    assert found == pytest.approx(encoder)


def test_a_blend_that_was_written_is_read_as_it_was(tmp_path):
    blend = Blend(ONES * 0.25, ONES * 0.125, ONES * -1.5, BARS, NOTHING - 0.75)
    (tmp_path / "blend.json").write_text(blend.to_json())
    read = Blend.read(tmp_path / "blend.json")
    for ours, theirs in zip(
        (blend.encoder, blend.linear, blend.offset, blend.marks, blend.finer),
        (read.encoder, read.linear, read.offset, read.marks, read.finer),
        strict=True,
    ):
        assert ours == pytest.approx(theirs)


def test_a_blend_from_before_the_finer_weights_is_read_without_them(tmp_path):
    written = json.loads(Blend(ONES, ONES, ONES, BARS, NOTHING + 1).to_json())
    del written["finer"]
    (tmp_path / "blend.json").write_text(json.dumps(written))
    assert Blend.read(tmp_path / "blend.json").finer == pytest.approx(NOTHING)


@pytest.mark.parametrize("written", ["", "{}", '{"heads": {}, "marks": {}}', "[1]"])
def test_what_is_no_blend_is_corrupt(tmp_path, written):
    (tmp_path / "blend.json").write_text(written)
    with pytest.raises(ModelCorrupt):
        Blend.read(tmp_path / "blend.json")


def test_heads_are_one_table_in_which_every_name_stands_once():
    assert len(set(HEADS)) == len(HEADS)
    assert HEADS[between(TEXT_HEADS[0], TEXT_HEADS[-1])] == TEXT_HEADS
