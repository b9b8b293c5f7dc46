import json

import pytest

from moderation.backends import load_classifier
from moderation.errors import ModelCorrupt, ModelUnavailable
from moderation.registry import MODELS_DIR, find_model, register


@pytest.fixture
def copied(tmp_path):
    """The shipped default model in a folder of its own."""
    kept = find_model()
    (tmp_path / kept.version).mkdir()
    for name in kept.sha256:
        (tmp_path / kept.version / name).write_bytes((kept.folder / name).read_bytes())
    register(tmp_path, kept.version, list(kept.languages))
    return tmp_path


def test_a_registered_copy_reads_as_the_shipped_one_does(copied):
    assert load_classifier("embedded", copied).version == find_model().version


def test_every_registered_file_is_there_whole_and_small_enough_for_the_repository():
    registry = json.loads((MODELS_DIR / "registry.json").read_text("utf-8"))
    for version in registry["models"]:
        kept = find_model(version=version)
        assert [kept.path(name).name for name in kept.sha256] == list(kept.sha256)
    files = [path for path in MODELS_DIR.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 30 * 1024 * 1024


@pytest.mark.parametrize("name", sorted(find_model().sha256))
def test_a_file_that_was_touched_is_refused_and_a_missing_one_is_named(copied, name):
    path = copied / find_model().version / name
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelCorrupt, match=name):
        load_classifier("embedded", copied)
    path.unlink()
    with pytest.raises(ModelUnavailable, match=name):
        load_classifier("embedded", copied)


def test_a_registered_file_that_is_no_model_is_corrupt_and_not_a_crash(copied):
    version = find_model().version
    for name in find_model().sha256:
        kept = (copied / version / name).read_bytes()
        (copied / version / name).write_bytes(b"not a model")
        register(copied, version, ["en"])
        with pytest.raises(ModelCorrupt):
            load_classifier("embedded", copied)
        (copied / version / name).write_bytes(kept)


def test_an_unknown_version_and_a_broken_registry_are_unavailable(tmp_path):
    with pytest.raises(ModelUnavailable, match="never-trained"):
        find_model(version="never-trained")
    (tmp_path / "registry.json").write_text("[]")
    with pytest.raises(ModelUnavailable):
        find_model(tmp_path)


def test_an_older_model_stays_registered_beside_a_new_default(copied):
    first = find_model(copied)
    (copied / "another").mkdir()
    (copied / "another" / "ngrams.npz").write_bytes(first.path("ngrams.npz").read_bytes())
    register(copied, "another", ["en"])
    assert find_model(copied).version == "another"
    assert find_model(copied, first.version) == first
