"""Speed beside Detoxify's architecture, on the same texts in one run, and the process's memory.

A ratio, not a stopwatch: both are read in turn on one thread, so that a noisy machine is noisy to
both. Detoxify's network is BERT-base with fresh weights: they do not change the time.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np

from moderation.backends import load_classifier
from moderation.classifier import Passage
from moderation.lexicon import find
from moderation.policy import Context, judge

_WORDS: Final = (
    "i had a rough day my boss shouted at me in front of everybody and i could not stop crying on "
    "the long way home tonight because nobody asked me how i was and i felt so small again"
).split()
_TURNS: Final = 200


def measure() -> dict[str, Any]:
    """Milliseconds, p50 and p99, of 25 and of 128 tokens, and MB at rest after 500 messages."""
    figures: dict[str, Any] = {"memory_mb": memory_mb()}
    ours, theirs = _ours(), _bert_base()
    for tokens in (25, 128):
        figures[f"tokens_{tokens}"] = _side_by_side(ours, theirs, tokens)
    return figures


def _side_by_side(
    ours: Callable[[str], None], theirs: Callable[[int], None] | None, tokens: int
) -> dict[str, float]:
    text = " ".join(_WORDS[at % len(_WORDS)] for at in range(tokens - 2))
    own, other = [], []
    for turn in range(_TURNS):
        own.append(_ms(partial(ours, f"{text} {turn}")))
        if theirs and turn % 5 == 0:
            other.append(_ms(partial(theirs, tokens)))
    figures = {"p50_ms": _at(own, 50), "p99_ms": _at(own, 99)}
    if other:
        figures |= {"bert_base_p50_ms": _at(other, 50), "ratio": _at(other, 50) / _at(own, 50)}
    return {name: round(value, 2) for name, value in figures.items()}


def _at(values: list[float], percent: int) -> float:
    return float(np.percentile(values[len(values) // 10 :], percent))


def _ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3


def _ours() -> Callable[[str], None]:
    """The whole judgement of one message: fold, lexicon, both models, policy."""
    classifier = load_classifier("embedded")

    def read(text: str) -> None:
        judge(classifier.assess([Passage(text)])[0], find(text), Context())

    return read


def _bert_base() -> Callable[[int], None] | None:
    """The network under Detoxify's "original", on one thread; None where the extra is missing."""
    try:
        import torch
        from transformers import BertConfig, BertForSequenceClassification
    except ImportError:
        return None
    torch.set_num_threads(1)
    network = BertForSequenceClassification(BertConfig(num_labels=6)).eval()

    def read(tokens: int) -> None:
        with torch.inference_mode():
            network(torch.randint(1000, 20_000, (1, tokens)))

    return read


_READER: Final = """
import sys
from moderation.backends import load_classifier
from moderation.classifier import Passage
classifier = load_classifier("embedded")
for number in range(500):
    classifier.assess([Passage(f"{number} my day was hard and nobody asked " * (1 + number % 20))])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
"""


def memory_mb() -> float | None:
    """Resident memory of a process that only classifies; None where /proc is missing."""
    done = subprocess.run(
        [sys.executable, "-c", _READER], capture_output=True, text=True, check=False
    )
    return round(int(done.stdout) / 1024, 1) if done.returncode == 0 and done.stdout else None
