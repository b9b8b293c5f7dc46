"""Which classifier reads: chosen by name, loaded once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from moderation.blend import Blend
from moderation.classifier import Assessment, Classifier, Passage
from moderation.detoxify_model import load_detoxify
from moderation.encoder import load_encoder
from moderation.errors import ModelUnavailable
from moderation.linear import unpack
from moderation.model import Both, EmbeddedModel
from moderation.registry import BLEND, ENCODER, LINEAR, MODELS_DIR, TOKENIZER, Kept, find_model

Backend = Literal["embedded", "detoxify", "lexicon"]


class NoModel:
    """Reads nothing: every message is published, and the lexicon alone watches."""

    version = "lexicon-only"

    def assess(self, passages: Sequence[Passage]) -> list[Assessment]:
        """Honestly not assessed, one per passage."""
        return [Assessment.not_assessed("no model", model=self.version) for _ in passages]


def load_classifier(
    backend: Backend, models_dir: Path | None = None, *, threads: int = 1
) -> Classifier:
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
    return load_embedded(find_model(models_dir if own and models_dir else MODELS_DIR), threads)


def load_embedded(kept: Kept, threads: int = 1) -> EmbeddedModel:
    """Encoder and n-grams; the n-grams alone where onnxruntime or tokenizers is missing.

    Raises ModelUnavailable or ModelCorrupt when a file is missing or not the registered one.
    """
    linear = unpack(kept.path(LINEAR).read_bytes())
    if ENCODER not in kept.sha256:
        return EmbeddedModel(kept.version, linear, None)
    files = kept.path(ENCODER), kept.path(TOKENIZER)
    blend = Blend.read(kept.path(BLEND))
    try:
        return EmbeddedModel(kept.version, linear, Both(load_encoder(*files, threads), blend))
    except ModelUnavailable:
        return EmbeddedModel(f"{kept.version}-ngrams", linear, None)
