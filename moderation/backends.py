"""Which classifier reads: chosen by name, loaded once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from moderation.classifier import Assessment, Classifier, Passage
from moderation.detoxify_model import load_detoxify
from moderation.linear import MODELS_DIR, load
from moderation.model import EmbeddedModel

Backend = Literal["embedded", "detoxify", "lexicon"]


class NoModel:
    """Reads nothing: every message is published, and the lexicon alone watches."""

    version = "lexicon-only"

    def assess(self, passages: Sequence[Passage]) -> list[Assessment]:
        """Honestly not assessed, one per passage."""
        return [Assessment.not_assessed("no model", model=self.version) for _ in passages]


def load_classifier(backend: Backend, models_dir: Path | None = None) -> Classifier:
    """The classifier of that name, ready to assess.

    models_dir: where weights lie; needed for ``detoxify``. ``embedded`` looks there for a
    registry of its own and else takes the weights of the package.
    Raises ModelUnavailable, saying what to do, or ModelCorrupt.
    """
    if backend == "lexicon":
        return NoModel()
    if backend == "detoxify":
        return load_detoxify(models_dir)
    own = models_dir is not None and (models_dir / "registry.json").exists()
    return EmbeddedModel(load(models_dir if own and models_dir else MODELS_DIR))
