"""Detoxify behind the same protocol: weights from a local directory, nothing from a network.

The directory holds, for one model, a checkpoint in Detoxify's own format and what its
tokenizer and configuration need::

    manifest.json   {"version": "original-0.1", "checkpoint": "toxic_original.ckpt",
                     "sha256": {"toxic_original.ckpt": "...", "config.json": "...", ...}}
    config.json     of the architecture, with the checkpoint's own labels
    vocab.txt, tokenizer_config.json ...

Every file that the manifest names is checked by SHA-256 before it is read, and the checkpoint is
loaded without running code from it (``weights_only``). Detoxify's own loader unpickles and asks a
hub; what it does with the parts is done here with the same parts. torch and transformers are
imported only when a model is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from moderation.classifier import Assessment, Passage
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
_LANGUAGES: Final = {"multilingual": frozenset({"en", "fr", "es", "it", "pt", "tr", "ru"})}
_BATCH: Final = 16
_MOST_TOKENS: Final = 512
_NOTHING_SAID: Final = 0.01
_WHAT_TO_DO: Final = (
    "; put the weights there (see moderation/detoxify_model.py) or use the embedded model"
)


class DetoxifyModel:
    """A Detoxify checkpoint that gives the signals it was trained for."""

    def __init__(self, version: str, network: Any, tokenizer: Any, names: Sequence[str]) -> None:
        """``names``: what the outputs are, in their order, in Detoxify's spelling."""
        self._version, self._network, self._tokenizer = version, network, tokenizer
        self._names = tuple(names)
        kind = next((k for k in _LANGUAGES if k in version), "")
        self._languages = _LANGUAGES.get(kind, frozenset({"en"}))

    @property
    def version(self) -> str:
        """Names the checkpoint, from its manifest."""
        return self._version

    def assess(self, passages: Sequence[Passage]) -> list[Assessment]:
        """In batches; the texts are read as their author wrote them, without distress."""
        normals = [normalise(passage.text) for passage in passages]
        languages = [language_of(normal.text) for normal in normals]
        texts = [_said_to_others(p.text, n) for p, n in zip(passages, normals, strict=True)]
        scores = self._scores([text for text in texts if text])
        return [
            self._assessment(next(scores) if text else None, language)
            for text, language in zip(texts, languages, strict=True)
        ]

    def _assessment(self, scores: Mapping[str, float] | None, language: str | None) -> Assessment:
        if language is not None and language not in self._languages:
            return Assessment.not_assessed("language", model=self.version, language=language)
        signals = scores or dict.fromkeys(self._names, _NOTHING_SAID)
        return Assessment(True, self.version, language, dict(signals))

    def _scores(self, texts: Sequence[str]) -> Any:
        import torch

        for start in range(0, len(texts), _BATCH):
            inputs = self._tokenizer(
                list(texts[start : start + _BATCH]),
                return_tensors="pt",
                truncation=True,
                padding=True,
                max_length=_MOST_TOKENS,
            )
            with torch.inference_mode():
                rows = torch.sigmoid(self._network(**inputs)[0]).tolist()
            yield from (self._known(row) for row in rows)

    def _known(self, row: Sequence[float]) -> dict[str, float]:
        return {n: p for n, p in zip(self._names, row, strict=False) if n in TOXICITY}


def _said_to_others(text: str, normal: Normal) -> str:
    """The original words that are not about the author's own self; as they were written."""
    others = toward_others(normal)
    if others is normal:
        return text[:MAX_CHARS].encode("utf-8", "replace").decode()
    return others.text.strip(" .,;!?\n")


def load_detoxify(models_dir: Path | None) -> DetoxifyModel:
    """The checkpoint of a directory, checked by its manifest.

    Raises ModelUnavailable when the extra or a file is missing, saying what to do, and
    ModelCorrupt when a file is not the pinned one.
    """
    if models_dir is None:
        raise ModelUnavailable("Detoxify needs a directory of weights: name it in the settings")
    manifest = _manifest(models_dir)
    _check_files(models_dir, manifest["sha256"])
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        import torch
        import transformers
    except ImportError:
        raise ModelUnavailable(
            "Detoxify is an extra that is not installed here: pip install '.[detoxify]'"
        ) from None
    try:
        checkpoint = torch.load(
            models_dir / manifest["checkpoint"], map_location="cpu", weights_only=True
        )
    except (pickle.UnpicklingError, RuntimeError, EOFError):
        raise ModelCorrupt("the Detoxify checkpoint is not plain weights") from None
    return _build(models_dir, manifest["version"], checkpoint, transformers)


def _manifest(models_dir: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((models_dir / "manifest.json").read_text("utf-8"))
        named: dict[str, Any] = {k: manifest[k] for k in ("version", "checkpoint", "sha256")}
    except OSError:
        raise ModelUnavailable(
            "the Detoxify directory holds no manifest.json" + _WHAT_TO_DO
        ) from None
    except (ValueError, KeyError, TypeError):
        raise ModelCorrupt("manifest.json of the Detoxify directory cannot be read") from None
    missing = {named["checkpoint"], "config.json"} - named["sha256"].keys()
    if missing:
        raise ModelCorrupt(f"manifest.json pins no SHA-256 for {', '.join(sorted(missing))}")
    return named


def _check_files(models_dir: Path, pinned: Mapping[str, str]) -> None:
    for name, sha256 in pinned.items():
        if Path(name).name != name:
            raise ModelCorrupt("manifest.json names a file outside its directory")
        try:
            with (models_dir / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            raise ModelUnavailable(f"the Detoxify file {name} is missing" + _WHAT_TO_DO) from None
        if found != sha256:
            raise ModelCorrupt(f"the Detoxify file {name} is not the pinned one (SHA-256 differs)")


def _build(models_dir: Path, version: str, checkpoint: Any, transformers: Any) -> DetoxifyModel:
    """The network and tokenizer that the checkpoint names, filled with its weights."""
    try:
        described = checkpoint["config"]["arch"]["args"]
        labels = checkpoint["config"]["dataset"]["args"]["classes"]
        config = transformers.AutoConfig.from_pretrained(models_dir, local_files_only=True)
        config.num_labels = described.get("num_classes", len(labels))
        network = getattr(transformers, described["model_name"])(config)
        weights = {
            name.removeprefix("model."): value for name, value in checkpoint["state_dict"].items()
        }
        network.load_state_dict(weights, strict=False)
        _check_complete(network, weights)
        tokenizer = getattr(transformers, described["tokenizer_name"]).from_pretrained(
            models_dir, local_files_only=True
        )
    except (KeyError, AttributeError, RuntimeError, TypeError) as error:
        raise ModelCorrupt("the Detoxify checkpoint does not fit its configuration") from error
    network.eval()
    return DetoxifyModel(version, network, tokenizer, [_NAMES.get(name, name) for name in labels])


def _check_complete(network: Any, weights: Mapping[str, Any]) -> None:
    """Every parameter must come from the file, or it would judge with random numbers."""
    missing = {name for name, _ in network.named_parameters()} - weights.keys()
    if missing:
        raise ModelCorrupt(f"the Detoxify checkpoint lacks {len(missing)} of its weights")
