"""The small transformer that reads on a CPU: tokens in, log-odds out, by onnxruntime.

onnxruntime and tokenizers are imported only when an encoder is loaded: without them the n-gram
model reads alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from moderation.errors import ModelCorrupt, ModelUnavailable
from moderation.normalise import Normal

Floats = npt.NDArray[np.float32]

WINDOW: Final = 174
"""Tokens of a text that are read at once, as many as in training; longer ones in windows."""
_OVERLAP: Final = 30
MOST_WINDOWS: Final = 24
REPLY_TOKENS: Final = 110
ANSWERED_TOKENS: Final = 64
CLS, SEP = 101, 102


@dataclass(frozen=True, slots=True)
class Reading:
    """What the encoder is given at once. ids and parts: with the marks of its vocabulary.

    offsets: for each token of the text its start and end in the folded text; not for those of
    what it answers.
    """

    ids: tuple[int, ...]
    parts: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Read:
    """The answer to one reading, log-odds. marks: one row per offset, one column per mark."""

    heads: Floats
    marks: Floats
    offsets: tuple[tuple[int, int], ...]


class Encoder:
    """Splits texts into readings, and reads each for itself, several at once in threads.

    Never as one padded batch: int8 takes its scale from all that it is given, so that a text's
    reading would depend on whose words happened to stand beside it.
    """

    def __init__(self, session: Any, tokenizer: Any, threads: int) -> None:
        self._session, self._tokenizer = session, tokenizer
        self._pool = ThreadPoolExecutor(threads, "encoder") if threads > 1 else None

    def alone(self, normal: Normal) -> list[Reading]:
        """The text for itself, in overlapping windows, so that its end counts as its beginning."""
        encoding = self._tokenizer.encode(normal.text, add_special_tokens=False)
        starts = range(0, max(1, len(encoding.ids) - _OVERLAP), WINDOW - _OVERLAP)
        return [
            _reading(encoding.ids[at : at + WINDOW], encoding.offsets[at : at + WINDOW])
            for at in [*starts][:MOST_WINDOWS]
        ]

    def beside(self, normal: Normal, answered: Normal) -> Reading:
        """A reply beside what it answers; both are cut where training cut them."""
        reply = self._tokenizer.encode(normal.text, add_special_tokens=False)
        before = self._tokenizer.encode(answered.text, add_special_tokens=False)
        return _reading(
            reply.ids[:REPLY_TOKENS], reply.offsets[:REPLY_TOKENS], before.ids[:ANSWERED_TOKENS]
        )

    def read(self, readings: Sequence[Reading]) -> list[Read]:
        """One answer per reading, in the same order."""
        return [*(self._pool.map if self._pool else map)(self._read, readings)]

    def _read(self, reading: Reading) -> Read:
        ids, parts = (np.array([row], np.int32) for row in (reading.ids, reading.parts))
        inputs = {"ids": ids, "parts": parts, "read": np.ones_like(ids)}
        heads, marks = self._session.run(None, inputs)
        return Read(heads[0], marks[0, 1 : 1 + len(reading.offsets)], reading.offsets)


def _reading(
    ids: Sequence[int], offsets: Sequence[tuple[int, int]], answered: Sequence[int] | None = None
) -> Reading:
    own = (CLS, *ids, SEP)
    more = () if answered is None else (*answered, SEP)
    return Reading(own + more, (0,) * len(own) + (1,) * len(more), tuple(offsets))


def load_encoder(model: Path, tokenizer: Path, threads: int = 1) -> Encoder:
    """The encoder of these files, which the caller has checked by their hashes.

    Raises ModelUnavailable where onnxruntime or tokenizers is missing, ModelCorrupt where the
    files are no model.
    """
    try:
        import onnxruntime
        import tokenizers
    except ImportError:
        raise ModelUnavailable(
            "onnxruntime or tokenizers is missing: install the package anew"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        reader = tokenizers.Tokenizer.from_file(str(tokenizer))
    except Exception as error:  # a boundary: both raise bare Exception
        raise ModelCorrupt("the encoder's files cannot be read") from error
    reader.no_padding()
    reader.no_truncation()
    return Encoder(session, reader, threads)
