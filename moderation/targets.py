"""Against whom strong words are meant.

Word models call "I'm such a worthless idiot" and "he called me a slut" toxic. The first is
distress, the second is a report of what was done to someone; neither is harsh toward another
person here. This rule finds such clauses, so that toxicity is read from the rest alone.

It is careful in the other direction too: a clause that speaks to "you", or of other people, is
never taken for speech about oneself, so "I'm sure you are an idiot" stays what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from moderation.normalise import Normal

_BOUNDARY = re.compile(
    r"[.!?;,\n]+|\s-+\s|\b(?:but|and|because|cause|so that|while|then)\b"
    r"(?= (?:i|im|ive|id|ill|my|me|you|youre|your|u|he|she|they|we)\b)"
)
_FILLER = (
    r"(?:such|so|just|a|an|the|fucking|fuckin|really|too|always|nothing|but|like|honestly|"
    r"basically|still|only|literally|absolutely|also|very|more|than|total|complete|and|now|all|"
    r"being|kind|of|biggest|most|worst|how)"
)
_NOT_A_SELF_IMAGE = (
    r"(?!(?:going|gonna|about|sick|tired|sure|saying|telling|talking|warning|coming|calling|"
    r"reporting|not|here|glad|happy|proud|mad|angry|pissed|certain|right|better|surprised|sorry)\b)"
)
_ABOUT_ONESELF = re.compile(
    r"\b(?:(?:im|i am|i was|i were|ive been|ive become|i become|i became|ill always be|i will always be|"
    r"i feel|i felt|i look|i sound|i act|i acted|am i|was i|i have been)"
    rf"(?: {_FILLER})* {_NOT_A_SELF_IMAGE}\w"
    r"|myself\b|i (?:suck|stink|fail|failed|deserve|hate my|hate this|hate being)\b"
    r"|my (?:own|stupid|fucking|fat|ugly|dumb|brain|head|face|body|life|mind|mental|thoughts|self)\b"
    r"|(?:an?|what an?)(?: \w+){0,3} (?:i am|like me|as me)\b|as \w+ as me\b|like me\b|so am i\b"
    r"|(?:idiot|loser|failure|moron|one|fool)[^.]{0,40}\bme$|^ ?me$"
    r"|feel(?:ing)? like (?:a|an|such|trash|shit|crap|garbage))"
)
_ABOUT_ANOTHER = re.compile(
    r"\b(?:you|your|youre|youve|u|ur|urself|yourself|yourselves|yall|he|hes|him|she|shes|they|theyre|"
    r"them|their|people|those|these|everyone else)\b"
)
_AGREES = re.compile(
    r"\b(?:you (?:are|were|all are) (?:all )?(?:so )?(?:right|kind|nice|good|great)|thank(?:s| you))\b"
)
_REPORT = re.compile(
    r"\b(?:he|she|they|someone|somebody|people|kids|everyone|boss|manager|teacher|ex|mom|mum|mother|"
    r"stepmother|dad|father|stepfather|brother|sister|husband|wife|boyfriend|girlfriend|friend|friends|"
    r"partner|parents|stranger|man|guy|girl|voice|voices|bully|bullies|classmates|family|uncle|aunt|"
    r"neighbour|neighbor|bf|gf|doctor|roommate|who|is|was)(?: \w+){0,5}? "
    r"(?:called?|calls|calling|told|tells|telling|texted|says?|said|saying|yelled|shouted|screamed|"
    r"wrote|writes|whispers?|sent|what they)\b"
)
_TOWARD_ME = re.compile(r"\b(?:me|us|my|i|im|son|daughter|child|locker)\b")
_QUOTE = re.compile(r'"[^"\n]{1,300}"')
_REPORT_REACH = 80


def toward_others(normal: Normal) -> Normal:
    """The text without clauses about the author's own self and without reported abuse.

    Offsets lead to the original, as before. Empty when nothing else was said.
    """
    gone = bytearray(len(normal.text))
    for start, end in _distress(normal.text):
        gone[start:end] = b"\x01" * (end - start)
    if not any(gone):
        return normal
    kept = [index for index, out in enumerate(gone) if not out]
    return Normal(
        "".join(normal.text[index] for index in kept),
        tuple(normal.origin[index] for index in kept),
    )


def _distress(text: str) -> Iterator[tuple[int, int]]:
    quotes = [match.span() for match in _QUOTE.finditer(text)]
    yield from (span for span in quotes if _is_reported(text, *span))
    for start, end in _clauses(text):
        clause = text[start:end]
        if is_about_oneself(clause) or _reports_abuse(clause):
            yield start, end


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for boundary in _BOUNDARY.finditer(text):
        if text[start : boundary.start()].strip():
            yield start, boundary.end()
        start = boundary.end()
    if text[start:].strip():
        yield start, len(text)


def is_about_oneself(clause: str) -> bool:
    """Whether a folded clause speaks of the author's own self and of nobody else."""
    clause = _AGREES.sub("", clause.strip(" .!?;,\n"))
    return bool(_ABOUT_ONESELF.search(clause)) and not _ABOUT_ANOTHER.search(clause)


def _reports_abuse(clause: str) -> bool:
    report = _REPORT.search(clause)
    if not report:
        return False
    rest = clause[report.start() :]
    return bool(_TOWARD_ME.search(rest)) and not re.search(r"\b(?:you|your|youre|u|ur)\b", rest)


def _is_reported(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - _REPORT_REACH) : start]
    after = text[end : end + _REPORT_REACH]
    return bool(_REPORT.search(before) or re.match(r" (?:is what|was what|they|he|she)", after))
