"""What we build on: each licence is one that may be here, and each model file is the one that was pinned."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from tests.supply.licences import ROOT, Package, packages

MODELS = ROOT / "moderation" / "models"
WEIGHTS = {".onnx", ".npz", ".npy", ".safetensors", ".bin", ".pt", ".pth", ".pkl", ".joblib", ".h5"}


def test_every_package_comes_under_a_licence_that_is_allowed() -> None:
    found = packages()
    assert len(found) > 200
    assert [one for one in found if not one.is_allowed] == []


@pytest.mark.parametrize("licence", ["", "GPL-3.0-only", "MIT AND AGPL-3.0-only", "Proprietary"])
def test_another_licence_is_not(licence: str) -> None:
    assert not Package("one", "1", licence).is_allowed


def test_every_model_file_is_pinned_by_its_hash_and_none_is_a_pickle() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    weights = {Path(one) for one in tracked if Path(one).suffix in WEIGHTS}
    pinned = dict(pins())
    assert weights
    assert not {one for one in weights if one.suffix in {".pkl", ".pt", ".pth", ".joblib", ".h5"}}
    for one in weights:
        assert pinned.get(ROOT / one) == hashlib.sha256((ROOT / one).read_bytes()).hexdigest(), one


def pins() -> list[tuple[Path, str]]:
    """Each file that the registry names, and the hash it has there."""
    registry = json.loads((MODELS / "registry.json").read_text())
    return [
        (MODELS / name / file, digest)
        for name, model in registry["models"].items()
        for file, digest in model["sha256"].items()
    ]
