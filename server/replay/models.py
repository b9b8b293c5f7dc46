"""A classifier for a replay: loaded only when something has to be read, in as many processes as there are cores."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final

from moderation.backends import load_classifier, load_embedded
from moderation.classifier import Assessment, Classifier, Passage
from moderation.registry import MODELS_DIR, find_model
from server.settings import Settings

_BATCH: Final = 32
_WORTH_A_POOL: Final = 128
"""Fewer texts are read here: a process of its own takes seconds to begin."""


class Model:
    """One classifier. Use it in a `with`. read: how many texts it has read."""

    def __init__(self, settings: Settings, wanted: str | None = None, processes: int = 1) -> None:
        self._settings, self._wanted, self._processes = settings, wanted, processes
        self._loaded: Classifier | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._ends = ExitStack()
        self.read = 0

    def __enter__(self) -> "Model":
        """Nothing is loaded yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End the processes."""
        self._ends.close()

    @property
    def version(self) -> str:
        """Of its weights."""
        if self._loaded is None and self._settings.classifier == "embedded":
            return self._wanted or find_model(_home(self._settings)).version
        return self._classifier().version

    def is_behind(self, reading: Assessment | None) -> bool:
        """Whether it was this model that read so."""
        if reading is None:
            return False
        return reading.model == self.version or reading.model == self._classifier().version

    def assess(self, passages: Sequence[Passage]) -> list[Assessment]:
        """One each, in their order. Raises ModelUnavailable."""
        return self.begin(passages)()

    def begin(self, passages: Sequence[Passage]) -> Callable[[], list[Assessment]]:
        """The same for whoever has other work meanwhile: the pool reads already, the call waits for it."""
        self.read += len(passages)
        # The longest first: else the last of them keep one process busy while the others are done.
        order = sorted(range(len(passages)), key=lambda at: -_length(passages[at]))
        batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
        answers = self._answers([[passages[at] for at in batch] for batch in batches])

        def answer() -> list[Assessment]:
            found: dict[int, Assessment] = {}
            for batch, read in zip(batches, answers, strict=True):
                found.update(zip(batch, read, strict=True))
            return [found[at] for at in range(len(passages))]

        return answer

    def _answers(self, batches: list[list[Passage]]) -> Iterable[list[Assessment]]:
        if self._processes == 1 or sum(map(len, batches)) < _WORTH_A_POOL:
            return (self._classifier().assess(batch) for batch in batches)
        if self._pool is None:
            self._classifier()  # what cannot be loaded is said here
            self._pool = self._ends.enter_context(
                _pool(self._settings, self._wanted, self._processes)
            )
        return self._pool.map(_assess, batches)

    def _classifier(self) -> Classifier:
        if self._loaded is None:
            self._loaded = _load(self._settings, self._wanted)
        return self._loaded


def _pool(settings: Settings, wanted: str | None, processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(settings, wanted),
    )


_here: Classifier | None = None
"""In a process of the pool: its classifier."""


def _begin(settings: Settings, wanted: str | None) -> None:
    global _here
    os.nice(5)
    _here = _load(settings, wanted)


def _assess(batch: list[Passage]) -> list[Assessment]:
    assert _here is not None  # noqa: S101 - the pool begins with it
    return list(_here.assess(batch))


def _load(settings: Settings, wanted: str | None) -> Classifier:
    if wanted:
        return load_embedded(find_model(_home(settings), wanted))
    return load_classifier(settings.classifier, settings.models_dir)


def _home(settings: Settings) -> Path:
    own = settings.models_dir
    return own if own and (own / "registry.json").exists() else MODELS_DIR


def _length(passage: Passage) -> int:
    return len(passage.text) + len(passage.in_reply_to or "")
