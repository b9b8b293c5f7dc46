"""Detoxify behind the same protocol: weights from a local directory, nothing from a network.

Three variants, told apart by the architecture that the checkpoint names: ``original`` (BERT),
``unbiased`` (RoBERTa) and ``multilingual`` (XLM-R). Each file is checked by SHA-256 before it is read
(``moderation.detoxify_files``), and the checkpoint is loaded without running code from it
(``weights_only``). Detoxify's own ``Detoxify(checkpoint=...)`` unpickles, and asks a hub for the
model_type that the checkpoint names; the network and tokenizer are built by its own
``get_model_and_tokenizer`` with that name replaced by the directory. torch, transformers and
detoxify are imported only when a model is loaded.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from moderation.classifier import Assessment, Passage
from moderation.detoxify_files import check_files, find_folder, read_manifest
from moderation.errors import ModelCorrupt, ModelUnavailable
from moderation.language import language_of
from moderation.normalise import MAX_CHARS, Normal, normalise
from moderation.signals import TOXICITY
from moderation.targets import toward_others

_NAMES: Final = {
    "toxic": "toxicity",
    "severe_toxic": "severe_toxicity",
    "identity_hate": "identity_attack",
}
"""Labels of the checkpoints that differ from the names Detoxify gives its results."""
_ENGLISH: Final = frozenset({"en"})
_BATCH: Final = 16
_MOST_TOKENS: Final = 512
_NOTHING_SAID: Final = 0.01


@dataclass(frozen=True, slots=True)
class _Architecture:
    """What a checkpoint may ask for: never any class by name."""

    tokenizer: str
    languages: frozenset[str]


_ARCHITECTURES: Final = {
    "BertForSequenceClassification": _Architecture("BertTokenizer", _ENGLISH),
    "RobertaForSequenceClassification": _Architecture("RobertaTokenizer", _ENGLISH),
    "XLMRobertaForSequenceClassification": _Architecture(
        "XLMRobertaTokenizer", frozenset({"en", "fr", "es", "it", "pt", "tr", "ru"})
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What a checkpoint is made of. names: of the first outputs, in order, in Detoxify's spelling."""

    network: Any
    tokenizer: Any
    names: Sequence[str]
    languages: frozenset[str]


class DetoxifyModel:
    """A Detoxify checkpoint that gives the signals it was trained for, without its identity groups."""

    def __init__(self, version: str, parts: Parts) -> None:
        self._version, self._parts = version, parts
        self._longest = min(_MOST_TOKENS, parts.tokenizer.model_max_length)

    @property
    def version(self) -> str:
        """Names the checkpoint, from its manifest."""
        return self._version

    def assess(self, passages: Sequence[Passage]) -> list[Assessment]:
        """In batches; the texts are read as their author wrote them, without distress."""
        normals = [normalise(passage.text) for passage in passages]
        languages = [language_of(normal.text) for normal in normals]
        texts = [
            _said_to_others(passage.text, normal) if self._reads(language) else ""
            for passage, normal, language in zip(passages, normals, languages, strict=True)
        ]
        scores = self._scores([text for text in texts if text])
        return [
            self._assessment(next(scores) if text else None, language)
            for text, language in zip(texts, languages, strict=True)
        ]

    def _reads(self, language: str | None) -> bool:
        return language is None or language in self._parts.languages

    def _assessment(self, scores: Mapping[str, float] | None, language: str | None) -> Assessment:
        if not self._reads(language):
            return Assessment.not_assessed("language", model=self.version, language=language)
        signals = scores or self._known([_NOTHING_SAID] * len(self._parts.names))
        return Assessment(True, self.version, language, dict(signals))

    def _scores(self, texts: Sequence[str]) -> Iterator[Mapping[str, float]]:
        import torch

        for start in range(0, len(texts), _BATCH):
            inputs = self._parts.tokenizer(
                list(texts[start : start + _BATCH]),
                return_tensors="pt",
                truncation=True,
                padding=True,
                max_length=self._longest,
            )
            with torch.inference_mode():
                rows = torch.sigmoid(self._parts.network(**inputs)[0]).tolist()
            yield from (self._known(row) for row in rows)

    def _known(self, row: Sequence[float]) -> dict[str, float]:
        """By name. There may be more outputs than names: unbiased has nine groups behind them."""
        named = zip(self._parts.names, row, strict=False)
        return {name: probability for name, probability in named if name in TOXICITY}


def _said_to_others(text: str, normal: Normal) -> str:
    """The original words that are not about the author's own self; as they were written."""
    others = toward_others(normal)
    if others is normal:
        return text[:MAX_CHARS].encode("utf-8", "replace").decode()
    return others.text.strip(" .,;!?\n")


def load_detoxify(models_dir: Path | None) -> DetoxifyModel:
    """The model of a directory, checked by its manifest.

    models_dir: holds ``detoxify/<variant>/``, one of them; or is itself the folder of one.
    Raises ModelUnavailable when the extra or a file is missing, saying what to do, and
    ModelCorrupt when a file is not the pinned one.
    """
    if models_dir is None:
        raise ModelUnavailable("Detoxify needs a directory of weights: name it in the settings")
    folder = find_folder(models_dir)
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        checkpoint = _plain(folder / manifest.checkpoint)
        return DetoxifyModel(manifest.version, _parts(folder, checkpoint))
    except ImportError:
        raise ModelUnavailable(
            "Detoxify is an extra that is not installed here: pip install '.[detoxify]'"
        ) from None


def _plain(path: Path) -> Any:
    """Tensors, dicts, lists, numbers and text; a pickle that names anything else is refused."""
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError):
        raise ModelCorrupt(
            "the Detoxify checkpoint holds more than plain weights and settings: it was not loaded"
        ) from None


def _parts(folder: Path, checkpoint: Any) -> Parts:
    """The network and tokenizer that the checkpoint names, filled with its weights."""
    try:
        wanted = checkpoint["config"]["arch"]["args"]
        labels = checkpoint["config"]["dataset"]["args"]["classes"]
        architecture = _ARCHITECTURES[wanted["model_name"]]
        outputs = int(wanted.get("num_classes", len(labels)))
        weights = {k.removeprefix("model."): v for k, v in checkpoint["state_dict"].items()}
        network, tokenizer = _build(folder, wanted["model_name"], outputs, weights)
        _check_complete(network, weights, labels)
    except (KeyError, AttributeError, RuntimeError, TypeError, ValueError, OSError) as error:
        raise ModelCorrupt("the Detoxify checkpoint does not fit its configuration") from error
    names = [_NAMES.get(name, name) for name in labels]
    return Parts(network.eval(), tokenizer, names, architecture.languages)


def _build(folder: Path, model: str, outputs: int, weights: Mapping[str, Any]) -> tuple[Any, Any]:
    """As Detoxify builds them, from the directory."""
    import transformers
    from detoxify.detoxify import get_model_and_tokenizer

    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    tokenizer = _ARCHITECTURES[model].tokenizer
    # The directory stands for model_type: a name there would be looked up at a hub.
    built = get_model_and_tokenizer(str(folder), model, tokenizer, outputs, dict(weights))
    return built[0], built[1]


def _check_complete(network: Any, weights: Mapping[str, Any], labels: Sequence[str]) -> None:
    """Every parameter must come from the file, or it would judge with random numbers."""
    missing = {name for name, _ in network.named_parameters()} - weights.keys()
    if missing:
        raise ModelCorrupt(f"the Detoxify checkpoint lacks {len(missing)} of its weights")
    if len(labels) > network.num_labels:
        raise ModelCorrupt("the Detoxify checkpoint names more labels than it has outputs")
