import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

import moderation
from moderation.outputs import ABOUT, REPLY_ONLY
from moderation.signals import EMPATHY, TOXICITY

CONTRAST = Path(moderation.__file__).parent / "training" / "contrast"
YES_OR_NO = {*TOXICITY, *REPLY_ONLY, "reader_harm"}


def lines(split):
    return [
        json.loads(line)
        for path in sorted((CONTRAST / split).glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]


def test_the_test_lines_are_the_ones_frozen_before_the_first_training():
    lines = [line.split() for line in (CONTRAST / "test.sha256").read_text().splitlines()]
    frozen = {name: sha256 for sha256, name in lines}
    found = {
        f"test/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (CONTRAST / "test").glob("*.jsonl")
    }
    assert found == frozen


def test_there_are_at_least_3000_lines_and_a_thousand_to_test_with():
    assert len({row["text"] for row in lines("train")}) >= 3_000
    assert len({row["text"] for row in lines("test")}) >= 1_000


@pytest.mark.parametrize(("one", "other"), [("train", "test"), ("train", "held"), ("held", "test")])
def test_two_folders_share_no_pattern_and_no_line(one, other):
    first, second = lines(one), lines(other)
    assert not {row["pattern"] for row in first} & {row["pattern"] for row in second}
    pairs = [{(r["text"].lower(), r.get("in_reply_to")) for r in part} for part in (first, second)]
    assert not pairs[0] & pairs[1]


@pytest.mark.parametrize("split", ["train", "held", "test"])
def test_no_template_gives_more_than_five_lines_of_one_pattern(split):
    openings = Counter(
        (row["pattern"], " ".join(row["text"].lower().split()[:4]))
        for row in lines(split)
        if len(row["text"].split()) > 4
    )
    assert max(openings.values()) <= 5


@pytest.mark.parametrize("split", ["train", "held", "test"])
def test_every_label_is_one_of_the_guide_and_in_its_range(split):
    for row in lines(split):
        assert row["text"].strip()
        for name, value in row["labels"].items():
            if name == "about":
                assert value in ABOUT
            elif name == "risk":
                assert value in range(7)
            elif name in EMPATHY:
                assert value in range(3)
            else:
                assert (name, value) in {(n, v) for n in YES_OR_NO for v in (0, 1)}
