"""With tiny random checkpoints, made here in Detoxify's own format, beside Detoxify itself."""

import importlib.util
import json
import os
import socket
import sys

import pytest

from moderation.backends import load_classifier
from moderation.classifier import Passage
from moderation.errors import ModelCorrupt, ModelUnavailable
from tests.moderation.tiny_detoxify import CHECKPOINT, SIX, make, pin, save

HAS_TORCH = importlib.util.find_spec("torch") is not None
pytestmark = [
    pytest.mark.detoxify,
    pytest.mark.skipif(
        not HAS_TORCH and not os.environ.get("HEARTH_REQUIRE_DETOXIFY"),
        reason="the extra detoxify is not installed",
    ),
]
every_variant = pytest.mark.parametrize("variant", ["original", "unbiased", "multilingual"])
TEXTS = ["you are kind", "a", "You are so kind to us, and you are kind again!", "x " * 900]


@pytest.fixture
def folder(tmp_path):
    return make(tmp_path)


def stored(folder):
    import torch

    return torch.load(folder / CHECKPOINT, weights_only=True)


def official_scores(folder, variant, texts):
    """By Detoxify's own loader and predict, from a copy whose model_type is the directory."""
    from detoxify import Detoxify

    save(folder, variant, stored(folder)["state_dict"], model_type=str(folder))
    predicted = Detoxify(checkpoint=folder / CHECKPOINT).predict(texts)
    return [{name: predicted[name][n] for name in SIX} for n in range(len(texts))]


@every_variant
def test_each_variant_gives_what_detoxify_itself_gives(tmp_path, variant):
    model = load_classifier("detoxify", make(tmp_path, variant))
    found = [assessment.signals for assessment in model.assess([Passage(text) for text in TEXTS])]
    expected = official_scores(tmp_path, variant, TEXTS)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)
    assert len({signals["toxicity"] for signals in found}) == len(TEXTS), "it tells texts apart"


@every_variant
def test_each_variant_gives_our_six_signals_and_no_groups(tmp_path, variant):
    model = load_classifier("detoxify", make(tmp_path, variant))
    assert model.assess([]) == []
    said, nothing = model.assess([Passage("you are kind"), Passage("😂")])
    about_me = model.assess([Passage("I am such an idiot")])[0]
    assert set(said.signals) == set(nothing.signals) == set(about_me.signals) == set(SIX)
    assert all(a.assessed and a.model == f"tiny-{variant}" for a in (said, nothing, about_me))
    assert max(about_me.signals.values()) < 0.05


@every_variant
def test_a_text_is_read_the_same_alone_and_among_longer_ones(tmp_path, variant):
    model = load_classifier("detoxify", make(tmp_path, variant))
    alone = model.assess([Passage("you are kind")])[0]
    among = model.assess([Passage(text) for text in TEXTS * 9])
    assert len(among) == 9 * len(TEXTS)
    assert alone.signals["toxicity"] == pytest.approx(among[32].signals["toxicity"], abs=1e-5)


@pytest.mark.parametrize(
    ("variant", "read"),
    [("original", {"en"}), ("unbiased", {"en"}), ("multilingual", {"en", "fr", "tr"})],
)
def test_only_the_languages_a_variant_was_trained_on_are_assessed(tmp_path, variant, read):
    model = load_classifier("detoxify", make(tmp_path, variant))
    texts = {
        "en": "you are kind and I thank you for it",
        "fr": "je ne sais pas ce que tu veux de moi",
        "tr": "bu hayat çok zor ve ben ne yapmak istiyorum",
        "de": "Ich bin so allein und müde, das ist nicht gut",
    }
    for language, text in texts.items():
        found = model.assess([Passage(text)])[0]
        assert found.language == language
        assert found.assessed == (language in read)
        assert found.why_not == (None if language in read else "language")


def test_loading_and_reading_ask_no_network(folder):
    asked = []
    listening = True

    def hear(event, _):
        if listening and event in {"socket.connect", "socket.getaddrinfo"}:
            asked.append(event)

    sys.addaudithook(hear)
    load_classifier("detoxify", folder).assess([Passage("you are kind")])
    assert asked == []
    socket.getaddrinfo("localhost", 80)
    listening = False
    assert asked == ["socket.getaddrinfo"], "it would have been heard"


def test_of_variants_side_by_side_one_is_taken_and_of_several_one_must_be_named(tmp_path):
    home = tmp_path / "detoxify"
    make(home / "unbiased", "unbiased")
    assert load_classifier("detoxify", tmp_path).version == "tiny-unbiased"
    make(home / "original")
    with pytest.raises(ModelUnavailable, match=r"several .*detoxify/original"):
        load_classifier("detoxify", tmp_path)
    assert load_classifier("detoxify", home / "original").version == "tiny-original"


def test_a_checkpoint_that_was_touched_is_refused_before_it_is_read(folder):
    with (folder / CHECKPOINT).open("ab") as file:
        file.write(b"!")
    with pytest.raises(ModelCorrupt, match="SHA-256"):
        load_classifier("detoxify", folder)


def test_a_checkpoint_that_would_run_code_is_refused(folder):
    import torch

    class Trap:
        def __reduce__(self):
            return (print, ("never",))

    torch.save({"config": Trap(), "state_dict": {}}, folder / CHECKPOINT)
    pin(folder)
    with pytest.raises(ModelCorrupt, match="more than plain weights"):
        load_classifier("detoxify", folder)


def test_a_checkpoint_with_missing_weights_is_refused(folder):
    state = stored(folder)["state_dict"]
    del state["classifier.weight"]
    save(folder, "original", state)
    pin(folder)
    with pytest.raises(ModelCorrupt, match="lacks 1"):
        load_classifier("detoxify", folder)


@pytest.mark.parametrize(
    "changed", [{"model_name": "BertModel"}, {"num_classes": 3}, {"model_name": "pipeline"}]
)
def test_a_checkpoint_that_asks_for_something_else_is_refused(folder, changed):
    save(folder, "original", stored(folder)["state_dict"], **changed)
    pin(folder)
    with pytest.raises(ModelCorrupt):
        load_classifier("detoxify", folder)


def test_a_file_that_the_manifest_does_not_know_is_refused(folder):
    (folder / "added_tokens.json").write_text("{}")
    with pytest.raises(ModelCorrupt, match=r"added_tokens\.json"):
        load_classifier("detoxify", folder)


def test_what_is_missing_is_said_in_words(folder):
    with pytest.raises(ModelUnavailable, match="directory"):
        load_classifier("detoxify")
    (folder / "vocab.txt").unlink()
    with pytest.raises(ModelUnavailable, match=r"vocab\.txt"):
        load_classifier("detoxify", folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(ModelUnavailable, match=r"manifest\.json.*hearth models pull"):
        load_classifier("detoxify", folder)


def test_a_manifest_cannot_point_outside_its_directory(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"]["../elsewhere"] = "0"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelCorrupt, match="outside"):
        load_classifier("detoxify", folder)
