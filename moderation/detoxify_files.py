"""The directory of a Detoxify model: where it lies, its manifest, and whether it is untouched.

One directory holds several variants side by side::

    <models_dir>/detoxify/original/manifest.json
                 detoxify/original/toxic_original-c1212f89.ckpt, config.json, vocab.txt, ...
                 detoxify/unbiased/...

    manifest.json   {"version": "detoxify-original-c1212f89",
                     "checkpoint": "toxic_original-c1212f89.ckpt",
                     "sha256": {"toxic_original-c1212f89.ckpt": "...", "config.json": "...", ...}}

Which of several is used is said by naming its own folder. Every file that could be read must be in
the manifest, and is checked by SHA-256 first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from moderation.errors import ModelCorrupt, ModelUnavailable

VARIANTS: Final = ("original", "unbiased", "multilingual")
MANIFEST: Final = "manifest.json"
_READ: Final = frozenset({".json", ".txt", ".model", ".jinja"})
"""What a tokenizer looks for beside its own files: one more of these could change what it does."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder holds. sha256: by file name, in lower-case hex, the checkpoint among them."""

    version: str
    checkpoint: str
    sha256: Mapping[str, str]


def folder_of(models_dir: Path, variant: str) -> Path:
    """Where a variant lies or would lie. models_dir may also be the folder of another variant."""
    beside = models_dir.resolve()
    if beside.parent.name == "detoxify" and (beside / MANIFEST).exists():
        return beside.parent / variant
    return models_dir / "detoxify" / variant


def find_folder(models_dir: Path) -> Path:
    """The folder of the model to load. Raises ModelUnavailable when there is none, or no clear one."""
    if (models_dir / MANIFEST).exists():
        return models_dir
    here = [v for v in VARIANTS if (models_dir / "detoxify" / v / MANIFEST).exists()]
    if not here:
        raise ModelUnavailable(
            f"no Detoxify weights lie in {models_dir} (no {MANIFEST}): run `hearth models pull original` "
            "where there is a network and copy what it brings, or use the embedded model"
        )
    if len(here) > 1:
        raise ModelUnavailable(
            f"several Detoxify models lie in {models_dir} ({', '.join(here)}): set HEARTH_MODELS_DIR "
            f"to the folder of one, such as {models_dir / 'detoxify' / here[0]}"
        )
    return models_dir / "detoxify" / here[0]


def read_manifest(folder: Path) -> Manifest:
    """Raises ModelUnavailable when there is none, ModelCorrupt when it makes no sense."""
    try:
        raw = json.loads((folder / MANIFEST).read_text("utf-8"))
        manifest = Manifest(str(raw["version"]), str(raw["checkpoint"]), dict(raw["sha256"]))
    except OSError:
        raise ModelUnavailable(f"the Detoxify directory holds no {MANIFEST}") from None
    except (ValueError, KeyError, TypeError):
        raise ModelCorrupt(f"{MANIFEST} of the Detoxify directory cannot be read") from None
    _check_names(manifest)
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """In one step: a reader finds the old one or this one."""
    new = folder / f"{MANIFEST}.new"
    new.write_text(json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n", "utf-8")
    new.replace(folder / MANIFEST)


def check_files(folder: Path, manifest: Manifest) -> None:
    """Reads every byte. Raises ModelUnavailable when a file is missing, ModelCorrupt when it differs."""
    for name, pinned in manifest.sha256.items():
        if _hash(folder / name) != pinned:
            raise ModelCorrupt(f"the Detoxify file {name} is not the pinned one (SHA-256 differs)")
    readable = {path.name for path in folder.iterdir() if path.suffix in _READ}
    if strangers := readable - manifest.sha256.keys() - {MANIFEST}:
        raise ModelCorrupt(f"{MANIFEST} pins no SHA-256 for {', '.join(sorted(strangers))}")


def sha256_of(path: Path) -> str:
    """In lower-case hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError:
        raise ModelUnavailable(
            f"the Detoxify file {path.name} is missing: run `hearth models pull` again, "
            "or use the embedded model"
        ) from None


def _check_names(manifest: Manifest) -> None:
    names: set[Any] = {manifest.checkpoint, *manifest.sha256}
    if any(Path(name).name != name for name in names):
        raise ModelCorrupt(f"{MANIFEST} names a file outside its directory")
    if missing := {manifest.checkpoint, "config.json"} - manifest.sha256.keys():
        raise ModelCorrupt(f"{MANIFEST} pins no SHA-256 for {', '.join(sorted(missing))}")
