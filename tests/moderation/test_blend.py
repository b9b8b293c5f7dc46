import numpy as np
import pytest

from moderation.blend import Blend
from moderation.errors import ModelCorrupt
from moderation.outputs import HEADS, MARKS, TEXT_HEADS, between

ONES = np.ones(len(HEADS))


def test_log_odds_are_weighed_head_by_head():
    blend = Blend(ONES * 2, ONES * 0.5, ONES * -1, np.full(len(MARKS), 0.4))
    assert blend.log_odds(ONES * 3, ONES * 4) == pytest.approx(ONES * (6 + 2 - 1))


def test_a_blend_that_was_written_is_read_as_it_was(tmp_path):
    blend = Blend(ONES * 0.25, ONES * 0.125, ONES * -1.5, np.full(len(MARKS), 0.4))
    (tmp_path / "blend.json").write_text(blend.to_json())
    read = Blend.read(tmp_path / "blend.json")
    for ours, theirs in zip(
        (blend.encoder, blend.linear, blend.offset, blend.marks),
        (read.encoder, read.linear, read.offset, read.marks),
        strict=True,
    ):
        assert ours == pytest.approx(theirs)


@pytest.mark.parametrize("written", ["", "{}", '{"heads": {}, "marks": {}}', "[1]"])
def test_what_is_no_blend_is_corrupt(tmp_path, written):
    (tmp_path / "blend.json").write_text(written)
    with pytest.raises(ModelCorrupt):
        Blend.read(tmp_path / "blend.json")


def test_heads_are_one_table_in_which_every_name_stands_once():
    assert len(set(HEADS)) == len(HEADS)
    assert HEADS[between(TEXT_HEADS[0], TEXT_HEADS[-1])] == TEXT_HEADS
