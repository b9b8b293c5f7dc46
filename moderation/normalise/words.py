"""The words that a disguise is read back to.

words.txt: words that stand in at least three of our own contrast lines, the most frequent first.
They only decide between readings of what is no word as written; nothing is refused for them.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

DANGER_WORDS: Final = (
    "kill kills killed killing killer die dies died dying dead death suicide suicidal unalive "
    "myself yourself hang hanged hanging overdose overdosed pill pills cut cuts cutting hurt hurts "
    "hurting bleed bleeding gun rope noose razor knife bridge jump jumping fuck fucks fucked fucker "
    "fucking shit shitty bullshit ass asses asshole bitch bitches cunt bastard bastards idiot "
    "idiots stupid hate hates hated retard retarded whore slut rape raped ugly loser losers moron "
    "morons dick dickhead crap damn pathetic worthless disgusting trash scum nigger faggot kms kys"
).split()
"""Words that people hide from filters, and whose stars and digits are therefore filled in."""

DANGER: Final = frozenset(DANGER_WORDS)
RANK: Final = {
    word: rank
    for rank, word in enumerate(
        dict.fromkeys(
            [
                *files(__package__).joinpath("words.txt").read_text("utf-8").split(),
                *DANGER_WORDS,
            ]
        )
    )
}
"""Known words and their place by frequency, from 0."""
