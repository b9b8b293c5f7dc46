"""Tiny random checkpoints, made here in Detoxify's own format: one of each variant."""

import hashlib
import json
from pathlib import Path
from typing import Any

SIX = ["toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack"]
SEVEN = [
    "toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat",
    "sexual_explicit",
]  # fmt: skip
CLASSES = {
    "original": ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"],
    "unbiased": SEVEN,
    "multilingual": SEVEN,
}
"""As the released checkpoints spell them, in their order."""
OUTPUTS = {"original": 6, "unbiased": 16, "multilingual": 16}
"""The two later ones have nine identity groups behind their seven classes."""
KINDS = {"original": "Bert", "unbiased": "Roberta", "multilingual": "XLMRoberta"}
BASES = {
    "original": "bert-base-uncased",
    "unbiased": "roberta-base",
    "multilingual": "xlm-roberta-base",
}
CHECKPOINT = "tiny.ckpt"
WORDS = ["you", "are", "kind", "a", "i", "am", "tu", "es", "la"]


def make(folder: Path, variant: str = "original") -> Path:
    """A folder that holds everything; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = _TOKENIZERS[variant](folder)
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 512}))
    network = _network(variant, vocabulary)
    (folder / "config.json").write_text(network.config.to_json_string())
    save(folder, variant, network.state_dict())
    pin(folder, variant)
    return folder


def save(folder: Path, variant: str, state: Any, **changed: Any) -> None:
    """The checkpoint, with what old transformers left in it. changed: of the arguments."""
    import torch

    kind, inner = KINDS[variant], "bert" if variant == "original" else "roberta"
    state = {**state, f"{inner}.embeddings.position_ids": torch.arange(512)[None]}
    arguments = {
        "num_classes": OUTPUTS[variant],
        "model_type": BASES[variant],
        "model_name": f"{kind}ForSequenceClassification",
        "tokenizer_name": f"{kind}Tokenizer",
    }
    config = {
        "arch": {"type": kind, "args": arguments | changed},
        "dataset": {"args": {"classes": CLASSES[variant], "loss_weight": 0.75}},
        "optimizer": {"args": {"lr": 3e-5, "amsgrad": True}},
    }
    torch.save({"config": config, "state_dict": state}, folder / CHECKPOINT)


def pin(folder: Path, version: str = "tiny") -> dict[str, str]:
    """(Re)write the manifest with the hashes of what lies there."""
    names = [path.name for path in folder.iterdir() if path.name != "manifest.json"]
    sha256 = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    manifest = {"version": f"tiny-{version}", "checkpoint": CHECKPOINT, "sha256": sha256}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return sha256


def _network(variant: str, vocabulary: int) -> Any:
    import torch
    import transformers

    torch.manual_seed(7)
    sizes = {
        "vocab_size": vocabulary, "hidden_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 16,
    }  # fmt: skip
    if variant != "original":
        sizes |= {"max_position_embeddings": 514, "type_vocab_size": 1, "pad_token_id": 1}
    kind = KINDS[variant]
    config = getattr(transformers, f"{kind}Config")(**sizes)
    config.num_labels = OUTPUTS[variant]
    network = getattr(transformers, f"{kind}ForSequenceClassification")(config).eval()
    config.num_labels = 2  # as in the base model's own file, which says nothing of our labels
    return network


def _word_pieces(folder: Path) -> int:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    return len(words)


def _byte_pairs(folder: Path) -> int:
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *letters, "yo", "you"]
    (folder / "vocab.json").write_text(json.dumps({token: n for n, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\ny o\nyo u\n")
    return len(tokens)


def _sentence_pieces(folder: Path) -> int:
    import transformers

    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces = [*((f"▁{word}", -2.0) for word in WORDS), *((c, -9.0) for c in "▁abcdefgiknotuxy")]
    tokenizer = transformers.XLMRobertaTokenizer(vocab=[*special, *pieces, ("<mask>", 0.0)])
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    return len(tokenizer)


_TOKENIZERS = {
    "original": _word_pieces,
    "unbiased": _byte_pairs,
    "multilingual": _sentence_pieces,
}
