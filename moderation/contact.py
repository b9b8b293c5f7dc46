"""Contact details in a text: the signal "contact".

People who ask a stranger in distress for a number, or leave their own, step out of the room where
somebody looks after both. Found are telephone numbers, e-mail addresses, names on other services,
invitations and street addresses; not dates, times, scores, prices, doses or crisis lines, which
help must stay free to name.

Rules with bounded patterns; each kind says how sure it is. The patterns read the text as written,
for a number means what it says; full-width digits are digits too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from moderation.classifier import Span

MAX_CHARS: Final = 10_000
"""Code points that are read; more than any room lets a member post."""

SIGNAL: Final = "contact"


def contact_spans(text: str) -> tuple[Span, ...]:
    """Where contact details stand: code points of the text, in order, none overlapping.

    Reads the first ``MAX_CHARS``. Never raises.
    """
    return tuple(Span(SIGNAL, found.start, found.end) for found in _found(text))


def contact_probability(text: str) -> float:
    """How sure it is that contact details stand in the text, in [0, 1]: the surest kind counts.

    Set by hand from the lists in tests/moderation/test_contact.py, not calibrated.
    """
    return max((found.sure for found in _found(text)), default=0.0)


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    sure: float


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of detail. The span is the named group, where one took part in the match."""

    pattern: re.Pattern[str]
    sure: float
    holds: Callable[[re.Match[str]], bool] = bool


def _found(text: str) -> list[_Found]:
    """Details of all kinds; where two overlap, the earlier kind of the list keeps its place."""
    read = text[:MAX_CHARS]
    kept: list[_Found] = []
    taken = bytearray(len(read))
    for kind in _KINDS:
        for found in _of_kind(kind, read):
            if not any(taken[found.start : found.end]):
                kept.append(found)
                taken[found.start : found.end] = b"\x01" * (found.end - found.start)
    return sorted(kept, key=lambda found: found.start)


def _of_kind(kind: _Kind, text: str) -> Iterator[_Found]:
    for match in kind.pattern.finditer(text):
        if kind.holds(match):
            start, end = match.span(match.lastgroup or 0)
            yield _Found(start, end, kind.sure)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_TOP: Final = (
    r"(?:com|net|org|edu|info|io|me|co|uk|de|fr|es|it|nl|eu|ch|at|be|pl|se|no|dk|ie|ca|au|us|in|"
    r"br|ru|jp|example|test|invalid)"
)
_MAIL = _compiled(
    r"(?<![\w.+\-@])[\w.+\-]{1,64}@[a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{1,63}){0,3}\.[a-z]{2,12}(?![\w@])"
)
_MAIL_IN_WORDS = _compiled(
    rf"(?<![\w.+\-@])[\w+\-]{{2,32}}(?:(?:\.|[ ]?[(\[]?(?:dot|punkt)[)\]]?[ ]?)[\w+\-]{{1,32}}){{0,2}}"
    rf"(?:[ ]?[(\[](?:at|@)[)\]][ ]?|[ ]at[ ]|[ ]@[ ])[\w\-]{{2,32}}"
    rf"(?:[ ]?[(\[](?:dot|punkt|\.)[)\]][ ]?|[ ](?:dot|punkt)[ ]){_TOP}(?!\w)"
)
_MAIL_PROVIDER = _compiled(
    r"(?<![\w.+\-@])[\w.+\-]{2,40}[ ]?(?:@|[(\[]at[)\]]|[ ]at)[ ]?"
    rf"(?:gmail|hotmail|outlook|yahoo|icloud|proton(?:mail)?|gmx|web)(?:[ .]|[ ]dot[ ]){_TOP}(?!\w)"
)
_INVITATION = _compiled(
    r"(?:https?://|(?<![\w.@/\-]))(?:www\.)?(?:"
    r"(?:discord\.(?:gg|com/(?:invite|users))|t(?:elegram)?\.me|wa\.me|chat\.whatsapp\.com|"
    r"(?:m|fb)\.me|m\.me|signal\.(?:me|group)|snapchat\.com/add|join\.skype\.com|kik\.me|line\.me|"
    r"matrix\.to|join\.slack\.com|groupme\.com/join_group|meet\.google\.com|zoom\.us/j|"
    r"(?:instagram|facebook|tiktok|twitter|x|threads|onlyfans|linkedin)\.com)/[@\w#:.+/?=%\-]{2,200})"
)

_SERVICE: Final = (
    r"(?:insta(?:gram)?|ig|snap(?:chat)?|discord|telegram|tele|tg|whats?app|kik|skype|tiktok|"
    r"twitter|facebook|fb|messenger|wechat|viber|xbox|psn)"
)
_NAME: Final = r"@?[a-z0-9](?=[\w.\-]{0,31}[a-z])[\w.\-]{0,30}\w(?:#\d{4})?"
_ODD_NAME: Final = rf"(?=[a-z.\-]{{0,31}}[\d_@]){_NAME}"
"""With a digit or a sign in it, so that it is no ordinary word."""

_NO_NAME: Final = (
    r"(?!(?:is|was|are|it|its|the|a|an|and|or|but|so|not|no|yes|gone|down|broken|full|dead|just|too|"
    r"very|really|always|never|now|today|back|deleted|private|toxic|making|where|what|who|why|how|"
    r"when|that|this|because|like|my|your|me|you|i|i'?m|we|they|he|she|to|for|on|in|at|of|with|if|"
    r"about|anxiety|fine|ok|okay|better|worse|bad|good|great|all|only|called|here|there|down|"
    r"blocked|banned|hacked|empty|boring|stupid|hell|people|everyone|nobody|someone|none|please|pls|thanks|again|tonight|tomorrow|instead|soon|lol|haha)\b(?![._\-]\w))"
)
_ON_A_SERVICE = _compiled(
    rf"\b(?:my|our)[ ]{_SERVICE}(?:[ ](?:name|handle|user(?:name)?|id|account|tag|nick))?"
    rf"[ ]?(?:is|:|=|->|-|'?s)[ ]?{_NO_NAME}(?P<it>{_NAME})"
    rf"|\bmy[ ](?:sc|{_SERVICE})[ ](?:is[ ])?(?P<odd>{_ODD_NAME})"
    rf"|\b(?:snapchat|insta|discord|telegram|kik)[ ](?:is[ ])?(?P<plain>{_ODD_NAME})"
    rf"|(?<![\w/])(?:snap(?:chat)?|insta(?:gram)?|discord|kik|telegram|whats?app|skype|ig|sc|tg|wechat)"
    rf"(?:[ ](?:name|handle|user(?:name)?|id|tag))?[ ]?[:=@][ ]?{_NO_NAME}(?P<its>{_NAME})"
)
_ADD_ME = _compiled(
    rf"\b(?:add|follow|message|msg|text|dm|pm|find|hmu|reach|contact|write|hit|call)[ ](?:(?:to|with|up|me)[ ]){{0,2}}"
    rf"(?:on|over|at|via|through)[ ]{_SERVICE}[ ]?(?:[:,\-=(]|[ ](?:as|under|at|it'?s|i'?m|my name is))?[ ]?"
    rf"{_NO_NAME}(?P<it>{_NAME})"
)
_IM_ON = _compiled(
    rf"\b(?:i'?m|i[ ]am|[dp]m me:?|add me:?|it'?s)[ ]{_NO_NAME}(?P<it>{_NAME})[ ]on[ ]{_SERVICE}\b"
)
_TAG = _compiled(r"(?<![\w#])[a-z][\w.\-]{1,31}#\d{4}(?!\w)")
_HANDLE = _compiled(r"(?<![\w@.+/\-])@[a-z_][\w.]{1,28}\w(?![\w@])(?!\.\w)")

_DIGITS = re.compile(r"\d")
_NUMBER = re.compile(
    r"(?<![\w.,:/#$£€¥+\-])(?<!\d[ ])"
    r"(?P<it>(?:\+|00(?=[ ]?[1-9]))?[ ]?\(?\d{1,16}+(?:[ ().\-/]{1,3}\d{1,12}+){0,8}+)"
    r"(?![\w%€£$¥°#])(?![ .,:/\-]{1,2}\d)"
)
_ASKS = _compiled(
    r"\b(?:call|ring|text|txt|phone|tel|telephone|mobile|cell|whats?app|signal|sms|number|num|no|nr|handy|"
    r"reach|contact|hmu|dial|message|msg|landline|digits|fax)\b[^\n.!?]{0,30}$"
)
_CRISIS: Final = frozenset(
    "112 911 999 000 111 988 110 119 116123 116111 116117 13114 131114 1300659467 1800551800 "
    "08001110111 08001110222 08001110550 08001111 0800116123 116016 3114 14416 18008914416 "
    "741741 85258 686868 18002738255 8002738255 8664887386 18664887386 8007997233 18007997233 "
    "45645600 08001110333 08000684141 08457909090 0120279338 0120783556 08003008355 09612119911 "
    "4001619995 5552598121 88003334434 9152987821 09178998727 188 192 190 109 1553 113 106 1737 "
    "0508828865 0800543354 1833456 18334564566 8334564566 024 717003717 900107917 142".split()
)
"""Digits of lines that help, so that naming one is never contact; see server/help_lines too."""

_DATE = re.compile(
    r"(?:\d{1,2}[./\- ]\d{1,2}[./\- ](?:19|20)?\d{2}|(?:19|20)\d{2}[./\- ]\d{1,2}[./\- ]\d{1,2}"
    r"|(?:19|20)\d{2}[ ]?[/\- ][ ]?(?:19|20)?\d{2}(?:[ ,/\-]+(?:19|20)\d{2}){0,6})(?:[ ]\d{1,2})?"
)
_ADDRESS_OF_A_MACHINE = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
_THOUSANDS = re.compile(r"\d{1,3}(?:[ .]\d{3}){1,4}")
_BOOK = _compiled(
    r"\b(?:isbn|iban|order|ticket|ref(?:erence)?|case|version|serial|account|doi|tracking)\b"
    r"[^\n.!?]{0,20}$"
)
_FEWEST_DIGITS: Final = 7
_MOST_DIGITS: Final = 15
_FEWEST_UNASKED: Final = 9
_LOOK_BACK: Final = 48


def _is_telephone(match: re.Match[str]) -> bool:
    """Enough digits, grouped as people group numbers, and neither a date nor a line that helps."""
    written = match["it"].strip(" .-/")
    digits = "".join(str(int(digit)) for digit in _DIGITS.findall(written))
    before = match.string[max(0, match.start() - _LOOK_BACK) : match.start()]
    if digits in _CRISIS or _DATE.fullmatch(written) or _ADDRESS_OF_A_MACHINE.fullmatch(written):
        return False
    if not _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS or _BOOK.search(before):
        return False
    return _is_international(written) or _is_national(written, digits, bool(_ASKS.search(before)))


def _is_international(written: str) -> bool:
    return written.startswith(("+", "00"))


_GROUPED = re.compile(r"\(?\d{2,5}\)?(?:[ ]?[ .\-/][ ]?\d{2,5}){1,4}|\(\d{2,5}\)[ ]?\d{3,8}")
_ROUND = re.compile(r"(?:[1-9]\d{0,3}00[ .,\-/]{0,2}){2,9}")
_WIDE_GROUP = re.compile(r"\d{3,}")
_SHORT = re.compile(r"\d{3}[ .\-]\d{4}")
_SOLID = re.compile(r"0\d{9,10}|1?[2-9]\d{2}[2-9]\d{6}")


def _is_national(written: str, digits: str, asked: bool) -> bool:
    if len(set(digits)) == 1 or (_THOUSANDS.fullmatch(written) and not written.startswith("0")):
        return asked and len(digits) >= _FEWEST_UNASKED
    if asked:
        return True
    if _ROUND.fullmatch(written):
        return False
    if _SHORT.fullmatch(written):
        return written.startswith("555")
    wide = written.startswith(("0", "(")) or len(_WIDE_GROUP.findall(written)) > 1
    grouped = wide and len(digits) >= _FEWEST_UNASKED and _GROUPED.fullmatch(written) is not None
    return grouped or _SOLID.fullmatch(written) is not None


_DIGIT_WORD: Final = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)"
_IN_WORDS = _compiled(rf"\b{_DIGIT_WORD}(?:[ ,\-]{{1,2}}{_DIGIT_WORD}){{6,14}}\b")
_COUNTS = _compiled(
    r"one[ ,\-]+two[ ,\-]+three|(?:ten|nine)[ ,\-]+eight[ ,\-]+seven|three[ ,\-]+two[ ,\-]+one"
)


def _is_not_counting(match: re.Match[str]) -> bool:
    return not _COUNTS.match(match[0])


_STREETS: Final = (
    "street st road rd avenue ave lane ln drive dr court ct close crescent terrace boulevard blvd"
).split()
_STREET: Final = "(?:" + "|".join(_STREETS) + ")"
_STREET_NAMED: Final = "(?:" + "|".join(word.title() for word in _STREETS) + ")"
_STREET_ADDRESS = re.compile(
    r"(?<![\w.,:/$£€\-])\d{1,5}[A-Da-d]?,?[ ](?:(?:[NSEW]|North|South|East|West|Old|New|St)\.?[ ])?"
    rf"(?:[A-Z][a-z'’\-]{{1,20}}[ ]){{1,3}}{_STREET_NAMED}(?![\w'’])"
)
_I_LIVE = _compiled(
    r"\b(?:live|living|address|house|home|come|flat|place|meet|find me)\b[^\n.!?]{0,20}?[ ](?:at|is|to|in|on|:)[ ]"
    rf"(?P<it>\d{{1,5}}[a-d]?,?[ ](?:[a-z'’\-]{{2,20}}[ ]){{1,3}}{_STREET})(?![\w'’])"
)
_NOT_A_NAME = _compiled(
    r"\d+[a-d]?,?[ ](?:minutes?|mins?|hours?|days?|weeks?|months?|years?|miles?|blocks?|cars?|people|more|"
    r"times?|of|hour|minute|mile|km|kids|and|in|on|from|down|different)\b"
)


def _is_a_street(match: re.Match[str]) -> bool:
    return not _NOT_A_NAME.match(match[0]) and not _NOT_A_NAME.search(match[0])


_KINDS: Final = (
    _Kind(_MAIL, 0.98),
    _Kind(_INVITATION, 0.95),
    _Kind(_MAIL_PROVIDER, 0.95),
    _Kind(_MAIL_IN_WORDS, 0.9),
    _Kind(_ON_A_SERVICE, 0.9),
    _Kind(_ADD_ME, 0.85),
    _Kind(_IM_ON, 0.8),
    _Kind(_TAG, 0.85),
    _Kind(_NUMBER, 0.9, _is_telephone),
    _Kind(_IN_WORDS, 0.8, _is_not_counting),
    _Kind(_STREET_ADDRESS, 0.8, _is_a_street),
    _Kind(_I_LIVE, 0.75, _is_a_street),
    _Kind(_HANDLE, 0.3),  # mostly another member of the room
)
