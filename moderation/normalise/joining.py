"""Words that were taken apart: "k i l l", "k.i.l.l", "k_i_l_l", "k🔥i🔥l🔥l"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, log
from typing import Final

from moderation.normalise.folding import Folded, edit
from moderation.normalise.words import DANGER, RANK

_PICTURE = r"[\u2190-\u2bff\u3030\U0001f000-\U0001faff]{1,3}"
_SAME = r"(?P<mark> |(?<![^\W_] [^\W_]) {2,3}|_{1,3}| [^\w\s'\"] |[^\w\s'\"]{1,3})"
_RUN = re.compile(
    rf"(?<![^\W_'])[^\W\d_](?:(?:{_PICTURE}[^\W_]){{2,}}"
    rf"|{_SAME}[^\W_](?:(?P=mark)[^\W_])+)(?![^\W_'])"
)
_LETTER = re.compile(r"[^\W_]")
_PICTURES = re.compile(_PICTURE)
_USUAL = re.compile(rf" {{1,3}}|[.\-_*~|/]|{_PICTURE}")
_WIDEST_GAP: Final = 9
_GAP: Final = (r"\s{1,4}", r"\s{1,4}[^\W\d_]\s{1,4}")  # in the second, "a" or "I" stands alone
_GAPS: Final = tuple(re.compile(gap) for gap in _GAP)
_GAPS_BEFORE: Final = tuple(re.compile(rf"(?<!\s){gap}$") for gap in _GAP)
_NO_CASE_FROM: Final = "\u0900"
_SHORTEST_SENTENCE: Final = 6
_LONGEST_SENTENCE: Final = 400
_LONGEST_WORD: Final = 16


@dataclass(frozen=True, slots=True)
class _Spelled:
    """One spelled-out word: where its letters stand; ``mark`` stands between them."""

    letters: tuple[int, ...]
    mark: str

    @property
    def end(self) -> int:
        return self.letters[-1] + 1


def join_spaced(chars: str, origin: list[int]) -> Folded:
    """Three or more single letters with one mark between them are one word, or several known ones.

    Two letters ("m y") are joined only beside such a word. Alphabets without case stay: in Hindi
    or Chinese single letters are words.
    """
    edits: dict[int, str] = {}
    begin = 0
    runs = list(_runs(chars))
    ends = [run.letters[0] for run in runs[1:]] + [len(chars)]
    for run, until in zip(runs, ends, strict=False):
        for spelled in _with_pairs(chars, run, begin, until):
            edits.update(_joined(chars, spelled))
            begin = spelled.end
    return edit(chars, origin, edits)


def _runs(chars: str) -> Iterator[_Spelled]:
    for match in _RUN.finditer(chars):
        start = match.start()
        letters = tuple(start + found.start() for found in _LETTER.finditer(match[0]))
        run = _Spelled(letters, chars[letters[0] + 1 : letters[1]])
        word = "".join(chars[index] for index in letters)
        if max(word) < _NO_CASE_FROM and (_USUAL.fullmatch(run.mark) or _segments(word)):
            yield run


def _with_pairs(chars: str, run: _Spelled, begin: int, until: int) -> Iterator[_Spelled]:
    """The run, and the two-letter words spelled in the same way right before and after it.

    begin, until: where the neighbours may stand; no letter is looked at by more than two runs.
    """
    earlier: list[_Spelled] = []
    pair = _pair_before(chars, run, begin)
    while pair:
        earlier.append(pair)
        pair = _pair_before(chars, pair, begin)
    yield from reversed(earlier)
    yield run
    pair = _pair_after(chars, run)
    while pair and pair.end <= until:
        yield pair
        pair = _pair_after(chars, pair)


def _pair_after(chars: str, run: _Spelled) -> _Spelled | None:
    for gap in _GAPS:
        found = gap.match(chars, run.end)
        pair = _pair(chars, found.end(), run.mark) if found else None
        if pair:
            return pair
    return None


def _pair_before(chars: str, run: _Spelled, begin: int) -> _Spelled | None:
    start = run.letters[0]
    near = chars[max(begin, start - _WIDEST_GAP) : start]
    for gap in _GAPS_BEFORE:
        found = gap.search(near)
        end = start - len(found[0]) if found else 0
        first = end - len(run.mark) - 2
        pair = _pair(chars, first, run.mark) if found and first >= begin else None
        if pair and pair.end == end:
            return pair
    return None


def _pair(chars: str, start: int, mark: str) -> _Spelled | None:
    """Two single letters from here on with the mark between them and none around."""
    found = _PICTURES.match(chars, start + 1) if _PICTURES.fullmatch(mark) else None
    second = found.end() if found else start + 1 + len(mark)
    end = second + 1
    apart = not chars[max(0, start - 1) : start].isalnum() and not chars[end : end + 1].isalnum()
    between = found is not None or chars.startswith(mark, start + 1)
    if (
        end <= len(chars)
        and between
        and apart
        and chars[start].isalpha()
        and chars[second].isalpha()
    ):
        return _Spelled((start, second), chars[start + 1 : second])
    return None


def _joined(chars: str, spelled: _Spelled) -> dict[int, str]:
    """The marks go; where one known word ends and the next begins, a space stays."""
    letters = spelled.letters
    kept = set(letters)
    edits = {index: "" for index in range(letters[0], spelled.end) if index not in kept}
    at = 0
    for word in _segments("".join(chars[index] for index in letters))[:-1]:
        at += len(word)
        edits[letters[at] - 1] = " "
    return edits


def _segments(word: str) -> list[str]:
    """The likeliest known words that the letters are; [] when they are none."""
    if word in RANK:
        return [word]
    if word[0] in "ia" and word[1:] in DANGER:
        return [word[0], word[1:]]
    if not _SHORTEST_SENTENCE <= len(word) <= _LONGEST_SENTENCE:
        return []
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(word) + 1):
        first = max(0, end - _LONGEST_WORD)
        best.append(min((best[at][0] + _cost(word[at:end]), at) for at in range(first, end)))
    return _walk_back(word, best) if best[-1][0] < inf else []


def _cost(word: str) -> float:
    return log(RANK[word] + 2) + 1 if word in RANK else inf


def _walk_back(word: str, best: list[tuple[float, int]]) -> list[str]:
    words: list[str] = []
    end = len(word)
    while end:
        start = best[end][1]
        words.append(word[start:end])
        end = start
    return words[::-1]
