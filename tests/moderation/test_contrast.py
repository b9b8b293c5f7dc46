import hashlib
import json
from collections import Counter
from pathlib import Path

import moderation

CONTRAST = Path(moderation.__file__).parent / "training" / "contrast"


def lines(split):
    return [
        json.loads(line) for line in (CONTRAST / f"{split}.jsonl").read_text("utf-8").splitlines()
    ]


def test_the_test_lines_are_the_ones_frozen_before_the_first_training():
    frozen = (CONTRAST / "test.sha256").read_text("utf-8").split()[0]
    assert hashlib.sha256((CONTRAST / "test.jsonl").read_bytes()).hexdigest() == frozen


def test_training_and_testing_share_no_pattern_and_no_line():
    train, test = lines("train"), lines("test")
    assert not {row["pattern"] for row in train} & {row["pattern"] for row in test}
    assert not {row["text"].lower() for row in train} & {row["text"].lower() for row in test}


def test_no_template_gives_more_than_five_lines():
    openings = Counter(" ".join(row["text"].lower().split()[:4]) for row in lines("train"))
    assert max(openings.values()) <= 5
