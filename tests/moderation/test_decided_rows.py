"""A community's decided messages as training rows, and the marks of a model that read them."""

import json

import numpy as np
import pytest

from moderation.outputs import AT, RISK, between
from moderation.registry import MODELS_DIR, find_model, register, versions
from moderation.training import decided
from moderation.training.__main__ import models_dir
from moderation.training.blend import target
from moderation.training.card import write_private
from moderation.training.datasets import Row, split
from moderation.training.examples import GAP, _text_target

MANIFEST = {
    "consent": {"scope": "labels", "rows_by_wording": {"2026-11 en": 5, "2026-11 de": 1}},
    "made_at": "2026-11-26T09:00:00+00:00",
    "since": "2026-08-28T09:00:00+00:00",
    "authors": 3,
    "rows": 8,
    "rows_opened": 6,
    "rows_withdrawn": 2,
}


def raw(outcome, about, rules=(), people=(), text="I do not know what to say to you.", **more):
    return {
        "id": "1", "author": "a1", "text": text, "in_reply_to": None, "outcome": outcome,
        "about": list(about), "rules": list(rules), "people": list(people), **more,
    }  # fmt: skip


@pytest.fixture
def opened(tmp_path):
    def write(*rows):
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("row", "labels"),
    [
        (raw("confirmed", ["harm"], ["signal:threat"]), {"toxicity": 1, "threat": 1}),
        (raw("dismissed", ["harm"], ["signal:threat"]), {"threat": 0}),
        (raw("wrong", ["harm"], ["signal:abuse"]), {"toxicity": 0}),
        (raw("confirmed", ["harm"], people=["flag_unkind"]), {"toxicity": 1}),
        (raw("dismissed", ["harm"], people=["flag_unkind"]), {"toxicity": 0}),
        (raw("confirmed", ["readers"], ["lexicon:methods"]), {"reader_harm": 1}),
        (raw("dismissed", ["readers"], ["signal:reader_harm"]), {"reader_harm": 0}),
        (raw("dismissed", ["danger"], ["signal:risk"]), {"risk": 0}),
        (raw("confirmed", ["danger"], ["lexicon:intent"]), {}),
    ],
)
def test_a_decision_says_what_was_asked_and_no_more(opened, row, labels):
    found = decided.read(opened(row))
    assert [one.labels for one in found] == [labels]
    assert (found[0].source, found[0].group) == ("labels", "a1")


def test_what_says_nothing_about_a_signal_is_no_row(opened):
    nothing = [
        raw("confirmed", ["unsure"], people=["flag_not_sure"]),
        raw("confirmed", ["private"], people=["flag_private"]),
        raw("dismissed", ["unsure"], ["own:our_own_rule"]),
    ]
    assert decided.read(opened(*nothing)) == []


def test_only_english_is_read(opened):
    german = "Ich weiß nicht mehr weiter und ich habe keine Kraft mehr für das alles."
    rows = [raw("dismissed", ["danger"], text=german), raw("dismissed", ["danger"])]
    assert len(decided.read(opened(*rows))) == 1


def test_acting_on_danger_says_some_danger_and_of_no_level_how_much(opened):
    row = decided.read(opened(raw("confirmed", ["danger"], ["signal:risk"])))[0]
    risk = _text_target(row)[between(RISK[0], RISK[-1])]
    assert np.array_equal(risk, [1.0, GAP, GAP, GAP, GAP, GAP])
    assert all(target(row, head) == -1.0 for head in RISK), (
        "nobody said a level: none is blended by"
    )
    calm = decided.read(opened(raw("dismissed", ["danger"], ["signal:risk"])))[0]
    assert not _text_target(calm)[between(RISK[0], RISK[-1])].any()
    published = _text_target(Row("x", "cssrs", "x", {"risk": 4}, at_least=(1, 1, 1, 0.8, 0, 0)))
    assert published[AT["risk>=4"]] == pytest.approx(0.8), "the published rows read as before"


def test_any_character_may_stand_in_a_text(tmp_path):
    text = "I do not know\u2028what to say\x85to you\rat all"
    row = json.dumps(raw("dismissed", ["danger"], text=text), ensure_ascii=False)
    (tmp_path / "rows.jsonl").write_text(row + "\n", "utf-8")
    assert [one.text for one in decided.read(tmp_path)] == [text]


def test_one_author_stays_on_one_side_of_the_split(opened):
    rows = decided.read(opened(*(raw("dismissed", ["danger"]) | {"id": str(n)} for n in range(9))))
    assert len({split(row) for row in rows}) == 1


def test_a_run_goes_on_only_with_the_same_labels(opened):
    first = decided.key_of(opened(raw("dismissed", ["danger"])))
    assert decided.key_of(opened(raw("dismissed", ["danger"]))) == first
    assert decided.key_of(opened(raw("confirmed", ["danger"]))) != first


def test_a_folder_without_labels_is_said(tmp_path):
    with pytest.raises(SystemExit, match="hearth labels open"):
        decided.read(tmp_path)


def test_a_private_model_never_lies_in_the_package(tmp_path):
    assert models_dir(None, None) == MODELS_DIR
    assert models_dir(tmp_path, tmp_path) == tmp_path
    assert not models_dir(None, tmp_path).resolve().is_relative_to(MODELS_DIR.parent)
    for inside in (MODELS_DIR, MODELS_DIR / "ours", MODELS_DIR.parent / "other"):
        with pytest.raises(SystemExit, match="private"):
            models_dir(inside, tmp_path)


def test_a_private_model_is_marked_in_the_registry_and_in_its_card(tmp_path):
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "ngrams.npz").write_bytes(b"weights")
    write_private(folder, "ours", MANIFEST)
    register(tmp_path, "ours", ["en"], private=True)
    kept = find_model(tmp_path)
    assert kept.private
    assert versions(tmp_path) == ["ours"]
    card = kept.path("CARD.md").read_text("utf-8")
    for said in (
        "Private: never pass",
        "| members | 3 |",
        "| decided messages | 6 |",
        "2026-11 de",
    ):
        assert said in card
    register(tmp_path, "ours", ["en"])
    assert find_model(tmp_path).private, "once private, for good"
    assert not find_model().private
    assert versions(tmp_path / "nowhere") == []
