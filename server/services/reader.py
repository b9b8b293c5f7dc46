"""Reads what somebody says: the model under its deadline, the lexicon always; the same words only once."""

from typing import Protocol

from moderation.cache import Remembered
from moderation.classifier import Assessment, Passage
from server.services.reading import Reading, with_hits


class Assesses(Protocol):
    """The classifier's process, from this side."""

    @property
    def version(self) -> str:
        """Of its weights; another one after it was replaced."""
        ...

    async def assess(self, passage: Passage) -> Assessment:
        """Never raises; late or broken is 'not assessed'."""
        ...


class Reader:
    """Remembers only what was assessed: what was late or broken is read anew."""

    def __init__(self, assessor: Assesses) -> None:
        self._assessor = assessor
        self._version = ""
        self._kept: Remembered[Reading] = Remembered()

    async def read(self, passage: Passage) -> Reading:
        """One reading of one text."""
        if self._version != self._assessor.version:
            self._kept.forget()
            self._version = self._assessor.version
        before = self._kept.find(passage)
        if before:
            return before
        read = with_hits(await self._assessor.assess(passage), passage.text)
        if read.assessment.assessed and read.assessment.model == self._version:
            self._kept.keep(passage, read)
        return read
