"""Which model files lie here, each by version and SHA-256; a file that differs is refused.

``models/registry.json`` names a default and, for each version, its files with their hashes and the
languages it was trained to read. The files lie in ``models/<version>/``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from moderation.errors import ModelCorrupt, ModelUnavailable

MODELS_DIR: Final = Path(__file__).with_name("models")
LINEAR, ENCODER, TOKENIZER, BLEND = "ngrams.npz", "encoder.onnx", "tokenizer.json", "blend.json"
_ANEW: Final = "install the package anew, or train one (make train DATA=DIR)"


@dataclass(frozen=True, slots=True)
class Kept:
    """One registered model. sha256: by file name. private: trained with a community's own messages."""

    version: str
    folder: Path
    sha256: Mapping[str, str]
    languages: tuple[str, ...]
    private: bool = False

    def path(self, name: str) -> Path:
        """The file, which must be the registered one.

        Raises ModelUnavailable when it is missing, ModelCorrupt when it differs.
        """
        path = self.folder / name
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            raise ModelUnavailable(f"{name} of {self.version} is missing: {_ANEW}") from None
        if found != self.sha256.get(name):
            raise ModelCorrupt(
                f"{name} of {self.version} is not the registered one (SHA-256 differs)"
            )
        return path


def find_model(models_dir: Path = MODELS_DIR, version: str | None = None) -> Kept:
    """The registered model; without ``version`` the default. Raises ModelUnavailable."""
    try:
        registry = _read(models_dir)
        version = version or str(registry["default"])
        entry = registry["models"][version]
        files, languages = entry["sha256"], tuple(entry["languages"])
        return Kept(version, models_dir / version, files, languages, bool(entry.get("private")))
    except (OSError, KeyError, ValueError, TypeError):
        raise ModelUnavailable(
            f"no model {version or 'by default'} is registered in {models_dir.name}: {_ANEW}"
        ) from None


def versions(models_dir: Path) -> list[str]:
    """Every registered model, in the order of its entering; none where there is no registry."""
    try:
        return list(_read(models_dir)["models"])
    except (OSError, KeyError, ValueError, TypeError):
        return []


def registry_of(kept: Kept) -> bytes:
    """The registry of a place that has this one model."""
    entry = {"sha256": dict(kept.sha256), "languages": list(kept.languages)}
    registry = {"models": {kept.version: entry}, "default": kept.version}
    return (json.dumps(registry, indent=2) + "\n").encode()


def register(
    models_dir: Path, version: str, languages: list[str], *, private: bool = False
) -> None:
    """Enters the files of ``models_dir/version`` and makes them the default; others stay.

    What was once private stays so.
    """
    files = sorted(path for path in (models_dir / version).iterdir() if path.is_file())
    sha256 = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    known = (models_dir / "registry.json").exists()
    registry = _read(models_dir) if known else {"models": {}}
    registry["default"] = version
    before = registry["models"].get(version, {})
    registry["models"][version] = {"sha256": sha256, "languages": languages}
    if private or before.get("private"):
        registry["models"][version]["private"] = True
    part = models_dir / "registry.json.part"
    part.write_text(json.dumps(registry, indent=2) + "\n", "utf-8")
    part.replace(models_dir / "registry.json")


def _read(models_dir: Path) -> dict[str, Any]:
    registry: dict[str, Any] = json.loads((models_dir / "registry.json").read_text("utf-8"))
    return registry
