import json

import pytest

from moderation.training.card import CARD, write


def test_the_card_shows_the_figures_that_were_measured(tmp_path):
    copy = tmp_path / "CARD.md"
    copy.write_text(CARD.read_text("utf-8"), "utf-8")
    figures, other = (
        json.loads(CARD.with_name(name).read_text("utf-8"))
        for name in ("figures.json", "figures-without-epitome.json")
    )
    write(figures, other, copy)
    assert copy.read_text("utf-8") == CARD.read_text("utf-8")
    figures["look_alikes"]["recall"]["value"] = 0.123456
    other["look_alikes"]["recall"]["value"] = 0.654321
    write(figures, other, copy)
    assert "12.3 %" in copy.read_text("utf-8")
    assert "0.654 (" in copy.read_text("utf-8")


def test_a_card_without_marks_is_refused(tmp_path):
    card = tmp_path / "CARD.md"
    card.write_text("# Card\n", "utf-8")
    with pytest.raises(ValueError, match="marks"):
        write({}, card=card)
