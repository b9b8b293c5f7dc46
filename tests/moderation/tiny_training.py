"""A stage of a few steps on a few rows: `python -m tests.moderation.tiny_training STATE OUT`.

The network is the real one with fresh weights; the tokenizer is the shipped one.
"""

import sys
from pathlib import Path

import torch

from moderation.registry import TOKENIZER, find_model
from moderation.training.datasets import contrast
from moderation.training.examples import Reader
from moderation.training.finetune import Run, Stage
from moderation.training.network import Network

STAGE = Stage("tiny", {"contrast-train": 1.0}, 1e-4, 1e-5, batch_tokens=64)
ROWS = 12


def main(state: str, out: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(3)
    reader = Reader(find_model().path(TOKENIZER))
    run = Run(STAGE, contrast("train")[:ROWS], reader, 5, keep_every=2)
    network = run.finish(Network(), Path(state))
    torch.save(network.state_dict(), out)


if __name__ == "__main__":
    main(*sys.argv[1:])
