"""Two models, one calibrated answer: the encoder's and the n-gram model's log-odds, weighed.

The weights were fitted on rows that neither had seen (moderation.training.blend), so that the
sum is calibrated; a head that the n-gram model does not have is the encoder's alone. Toxicity
altogether is weighed from all six of the encoder's heads: an insult without a rude word is found
there, and a rude word that insults nobody is told from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from moderation.errors import ModelCorrupt
from moderation.outputs import AT, HEADS, MARKS
from moderation.signals import TOXICITY

Floats = npt.NDArray[np.float64]
WHOLE, *FINER = TOXICITY
_FINER_AT: Final = [AT[name] for name in FINER]


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """encoder, linear, offset: one number a head, in the order of outputs.HEADS.

    marks: from which probability a token counts as marked, in the order of outputs.MARKS.
    finer: what each of the encoder's finer five adds to toxicity altogether, in the order of FINER.
    """

    encoder: Floats
    linear: Floats
    offset: Floats
    marks: Floats
    finer: Floats

    def log_odds(self, encoder: Floats, linear: Floats) -> Floats:
        """Of every head. linear: 0 where the n-gram model has no such head."""
        mixed: Floats = self.encoder * encoder + self.linear * linear + self.offset
        mixed[AT[WHOLE]] += self.finer @ encoder[_FINER_AT]
        return mixed

    def to_json(self) -> str:
        """Numbers by name, for people to read and to compare."""
        weights = {
            head: [
                round(float(column[at]), 4) for column in (self.encoder, self.linear, self.offset)
            ]
            for at, head in enumerate(HEADS)
        }
        marks = {name: round(float(at), 4) for name, at in zip(MARKS, self.marks, strict=True)}
        finer = {
            name: round(float(weight), 4) for name, weight in zip(FINER, self.finer, strict=True)
        }
        return json.dumps({"heads": weights, "finer": finer, "marks": marks}, indent=1) + "\n"

    @classmethod
    def read(cls, path: Path) -> Blend:
        """Raises ModelCorrupt when the file is no blend of these heads."""
        try:
            raw: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
            columns = np.array([raw["heads"][head] for head in HEADS], dtype=np.float64).T
            marks = np.array([raw["marks"][name] for name in MARKS], dtype=np.float64)
            finer = np.array([raw.get("finer", {}).get(name, 0.0) for name in FINER])
            encoder, linear, offset = columns
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelCorrupt("the blend cannot be read") from error
        return cls(encoder, linear, offset, marks, finer)
