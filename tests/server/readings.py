"""Readings for tests: what a classifier would have said, without one."""

from moderation.classifier import Assessment
from moderation.signals import EMPATHY
from server.services.reading import Reading, with_hits


def calm(text: str = "") -> Reading:
    """Read, and nothing was found by the model; the lexicon reads `text` as always."""
    return with_hits(Assessment(assessed=True, model="test", language="en"), text)


def harsh() -> Reading:
    """Toxic toward another."""
    signals = {"toxicity": 0.97, "insult": 0.95}
    return with_hits(
        Assessment(assessed=True, model="test", language="en", signals=signals), "you are an idiot"
    )


def severe() -> Reading:
    """A threat."""
    signals = {"toxicity": 0.99, "threat": 0.98, "severe_toxicity": 0.95}
    return with_hits(
        Assessment(assessed=True, model="test", language="en", signals=signals), "you will be sorry"
    )


def warm(**signals: float) -> Reading:
    """A reply that surely shows understanding."""
    levels = {"emotional_reaction": (0.1, 0.1, 0.8), "interpretation": (0.1, 0.1, 0.8)}
    return with_hits(
        Assessment(assessed=True, model="test", language="en", signals=signals, levels=levels), ""
    )


def cold() -> Reading:
    """A reply that surely shows nothing of empathy."""
    levels = dict.fromkeys(EMPATHY, (0.98, 0.02, 0.0))
    return with_hits(Assessment(assessed=True, model="test", language="en", levels=levels), "")


def contact() -> Reading:
    """A way to be reached outside."""
    signals = {"contact": 0.95}
    return with_hits(Assessment(assessed=True, model="test", language="en", signals=signals), "")


def late() -> Reading:
    """Nobody read it in time."""
    return with_hits(Assessment.not_assessed("late"), "")


DANGER = "I have the pills here and I am going to kill myself tonight"
