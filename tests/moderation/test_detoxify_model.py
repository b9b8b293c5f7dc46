"""With a tiny random checkpoint, made here in Detoxify's own format."""

import hashlib
import importlib.util
import json
import os

import pytest

from moderation.backends import load_classifier
from moderation.classifier import Passage
from moderation.errors import ModelCorrupt, ModelUnavailable

HAS_TORCH = importlib.util.find_spec("torch") is not None
pytestmark = [
    pytest.mark.detoxify,
    pytest.mark.skipif(
        not HAS_TORCH and not os.environ.get("HEARTH_REQUIRE_DETOXIFY"),
        reason="the extra detoxify is not installed",
    ),
]

CLASSES = ["toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack"]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "you", "are", "kind", "a", "i", "am"]
ARCH = {
    "num_classes": 6,
    "model_type": "bert-base-uncased",
    "model_name": "BertForSequenceClassification",
    "tokenizer_name": "BertTokenizer",
}


def pin(folder):
    """(Re)writes the manifest with the hashes of what lies there."""
    names = [path.name for path in folder.iterdir() if path.name != "manifest.json"]
    sha256 = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    manifest = {"version": "tiny-1", "checkpoint": "tiny.ckpt", "sha256": sha256}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def folder(tmp_path):
    import torch
    import transformers

    torch.manual_seed(7)
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, num_labels=len(CLASSES),
    )  # fmt: skip
    network = transformers.BertForSequenceClassification(config)
    state = {f"model.{k}": v for k, v in network.state_dict().items()}
    described = {"arch": {"args": ARCH}, "dataset": {"args": {"classes": CLASSES}}}
    torch.save({"config": described, "state_dict": state}, tmp_path / "tiny.ckpt")
    (tmp_path / "config.json").write_text(config.to_json_string())
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    pin(tmp_path)
    return tmp_path


def test_detoxify_reads_passages_behind_the_same_protocol(folder):
    model = load_classifier("detoxify", folder)
    assert model.assess([]) == []
    texts = ["you are kind", "a", "😂", "you are a kind"]
    assessments = model.assess([Passage(text) for text in texts])
    assert all(a.assessed and a.model == "tiny-1" for a in assessments)
    assert all(set(a.signals) == set(CLASSES) for a in assessments)
    alone = model.assess([Passage(texts[0])])[0]
    assert alone.signals["toxicity"] == pytest.approx(assessments[0].signals["toxicity"], abs=1e-5)


def test_it_gives_what_detoxify_itself_would_give(folder):
    import torch
    import transformers

    text = "you are kind"
    found = load_classifier("detoxify", folder).assess([Passage(text)])[0].signals
    network = transformers.BertForSequenceClassification(
        transformers.BertConfig.from_pretrained(folder)
    )
    stored = torch.load(folder / "tiny.ckpt", weights_only=True)["state_dict"]
    network.load_state_dict({k.removeprefix("model."): v for k, v in stored.items()})
    tokens = transformers.BertTokenizer.from_pretrained(folder)([text], return_tensors="pt")
    with torch.inference_mode():
        expected = torch.sigmoid(network.eval()(**tokens)[0])[0].tolist()
    assert [found[name] for name in CLASSES] == pytest.approx(expected, abs=1e-5)


def test_distress_is_not_sent_to_it_and_another_language_is_not_assessed(folder):
    model = load_classifier("detoxify", folder)
    own, german = model.assess(
        [Passage("I am such an idiot"), Passage("Ich bin so allein und müde")]
    )
    assert max(own.signals.values()) < 0.05
    assert (german.assessed, german.why_not) == (False, "language")


def test_a_checkpoint_that_was_touched_is_refused_before_it_is_read(folder):
    with (folder / "tiny.ckpt").open("ab") as file:
        file.write(b"!")
    with pytest.raises(ModelCorrupt, match="SHA-256"):
        load_classifier("detoxify", folder)


def test_a_checkpoint_that_would_run_code_is_refused(folder):
    import torch

    class Trap:
        def __reduce__(self):
            return (print, ("never",))

    torch.save({"config": Trap(), "state_dict": {}}, folder / "tiny.ckpt")
    pin(folder)
    with pytest.raises(ModelCorrupt):
        load_classifier("detoxify", folder)


def test_a_checkpoint_with_missing_weights_is_refused(folder):
    import torch

    stored = torch.load(folder / "tiny.ckpt", weights_only=True)
    del stored["state_dict"]["model.classifier.weight"]
    torch.save(stored, folder / "tiny.ckpt")
    pin(folder)
    with pytest.raises(ModelCorrupt):
        load_classifier("detoxify", folder)


def test_what_is_missing_is_said_in_words(folder):
    with pytest.raises(ModelUnavailable, match="directory"):
        load_classifier("detoxify")
    (folder / "vocab.txt").unlink()
    with pytest.raises(ModelUnavailable, match=r"vocab\.txt"):
        load_classifier("detoxify", folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(ModelUnavailable, match=r"manifest\.json"):
        load_classifier("detoxify", folder)


def test_a_manifest_cannot_point_outside_its_directory(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"]["../elsewhere"] = "0"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelCorrupt, match="outside"):
        load_classifier("detoxify", folder)
