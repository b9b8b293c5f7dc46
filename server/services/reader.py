"""Reads what somebody says: the model under its deadline, the lexicon always; the same words only once."""

from typing import Protocol

from moderation.cache import Remembered
from moderation.classifier import Assessment, Passage
from server.services.in_force import AS_SHIPPED, InForce, Standing
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
    """Remembers only what was assessed: what was late or broken is read anew.

    standing: what judges here; where none is given, the shipped policy.
    """

    def __init__(self, assessor: Assesses, standing: Standing | None = None) -> None:
        self._assessor = assessor
        self._version = ""
        self._judged_by = AS_SHIPPED
        self._kept: Remembered[Reading] = Remembered()
        self.standing = standing or Standing()

    @property
    def in_force(self) -> InForce:
        """What judges what is read now."""
        return self.standing.now

    async def read(self, passage: Passage) -> Reading:
        """One reading of one text."""
        standing = self.in_force
        if self._version != self._assessor.version or self._judged_by is not standing:
            self._kept.forget()
            self._version, self._judged_by = self._assessor.version, standing
        before = self._kept.find(passage)
        if before:
            return before
        read = with_hits(await self._assessor.assess(passage), passage.text, standing)
        if (
            read.assessment.assessed
            and read.assessment.model == self._version
            and standing is self._judged_by
        ):
            self._kept.keep(passage, read)
        return read
