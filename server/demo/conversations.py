"""Reading the demo community, all of it invented, from its files.

They stand in community.toml and rooms/*.toml. A thread is one line per message:

    [[thread]]
    ago = "3d 1h"                # when it begins, before now
    messages = [
        { by = "plumrain", ask = true, text = "..." },
        { by = "komorebi", tone = "kind", text = "...", heard = true, after = "20m" },
        { by = "plumrain", text = "...", to = "komorebi" },
    ]

`to` answers the last thing that person said in the thread; without it a reply answers the
thread's first message, and one's own next words answer nobody. `after` is the time since the
message before, 6 minutes if not said. `[[talk]]` is written alike: small exchanges that the
demo goes on with, where each line answers the one before.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from server.demo.community import Community, Message, Room, Thread, Tone

HERE = Path(__file__).parent

MOST_CODE_POINTS = 4000
WEEK_MIN = 7 * 24 * 60
PAUSE_MIN = 6
SPAN = re.compile(r"(?:(\d+)d)? ?(?:(\d+)h)? ?(?:(\d+)m)?")

Table = Mapping[str, Any]


class BadConversationError(ValueError):
    """A file of the demo does not hold together; the message names the place."""


def load() -> Community:
    """Read the community. Raises BadConversationError where a file does not hold together."""
    table = tomllib.loads((HERE / "community.toml").read_text(encoding="utf-8"))
    staff = table["staff"]
    return Community(
        rooms=tuple(_room(room) for room in table["room"]),
        moderators=tuple(staff["moderators"]),
        clinicians=tuple(staff["clinicians"]),
        stewards=tuple(staff["stewards"]),
        logins=table["logins"],
    )


def minutes(span: str) -> int:
    """The minutes of "6d 3h", "40m", "1d 2h 5m"."""
    found = SPAN.fullmatch(span)
    if not found or not any(found.groups()):
        raise BadConversationError(f"{span!r} is no span of time like 1d 2h 5m")
    days, hours, rest = (int(number or 0) for number in found.groups())
    return (days * 24 + hours) * 60 + rest


def _room(table: Table) -> Room:
    slug = table["slug"]
    said = tomllib.loads((HERE / "rooms" / f"{slug}.toml").read_text(encoding="utf-8"))
    language = table["languages"][0]
    threads = [_thread(t, slug, n, language) for n, t in enumerate(said["thread"], start=1)]
    talk = [_talk(t, slug, n, language) for n, t in enumerate(said["talk"], start=1)]
    lists = {key: tuple(table[key]) for key in ("languages", "hosts", "moderators")}
    return Room(
        slug=slug,
        name=table["name"],
        purpose=table["purpose"],
        threads=tuple(threads),
        talk=tuple(talk),
        **lists,
    )


def _thread(table: Table, slug: str, number: int, language: str) -> Thread:
    opening = f"{slug}/{number}"
    return read_thread(table["messages"], slug, opening, language, minutes(table["ago"]))


def _talk(table: Table, slug: str, number: int, language: str) -> Thread:
    return read_thread(table["messages"], slug, f"{slug}/talk/{number}", language, None)


def read_thread(
    lines: Sequence[Table], slug: str, key: str, language: str, began: int | None
) -> Thread:
    """The messages of one thread in order; began: minutes before now, None for talk."""
    thread: list[Message] = []
    for line, before_now in zip(lines, _times(lines, began), strict=True):
        place = f"{key}/{len(thread) + 1}"
        # A post gathers replies; talk goes from line to line.
        default = thread[-1:] if began is None else thread[:1]
        message = replace(
            _message(line, place, slug, language),
            minutes_before_now=before_now,
            reply_to=_reply_to(line, place, thread, default),
        )
        _check(message, thread)
        thread.append(message)
    return tuple(thread)


def _times(lines: Sequence[Table], began: int | None) -> Iterator[int]:
    before_now = began
    for number, line in enumerate(lines):
        if before_now is None:
            yield 0
            continue
        if number:
            before_now -= minutes(line["after"]) if "after" in line else PAUSE_MIN
        yield before_now


FIELDS = {
    "by", "to", "after", "tone", "text", "language", "ask", "heard", "softened", "insist", "dropped"
}  # fmt: skip


def _message(table: Table, key: str, slug: str, language: str) -> Message:
    if unknown := table.keys() - FIELDS:
        raise BadConversationError(f"{key}: unknown {', '.join(sorted(unknown))}")
    if missing := {"by", "text"} - table.keys():
        raise BadConversationError(f"{key}: without {', '.join(sorted(missing))}")
    if (tone := table.get("tone", Tone.HARMLESS)) not in [*Tone]:
        raise BadConversationError(f"{key}: {tone!r} is no tone")
    return Message(
        key=key,
        room=slug,
        author=table["by"],
        text=table["text"].strip(),
        language=table.get("language", language),
        tone=Tone(tone),
        ask=table.get("ask", False),
        felt_heard=table.get("heard"),
        softened=table.get("softened"),
        insist=table.get("insist", False),
        dropped=table.get("dropped", False),
    )


def _reply_to(table: Table, key: str, before: list[Message], default: list[Message]) -> str | None:
    name = table.get("to")
    if name is None:
        # Whoever goes on speaking answers nobody.
        return next((m.key for m in default if m.author != table["by"]), None)
    said = [m.key for m in before if m.author == name and m.meant_to_appear]
    if not said:
        raise BadConversationError(f"{key}: {name} has said nothing yet that could be answered")
    return said[-1]


def _check(message: Message, before: list[Message]) -> None:
    ends = [message.softened is not None, message.insist, message.dropped]
    if message.tone is Tone.ROUGH and sum(ends) != 1:
        fault = "rough needs exactly one of softened, insist and dropped"
    elif message.felt_heard is not None and not _answers_an_ask(message, before):
        fault = "heard belongs to a reply to who asked"
    elif not 0 < len(message.text) <= MOST_CODE_POINTS:
        fault = "its text is empty or too long"
    elif not 0 <= message.minutes_before_now <= WEEK_MIN:
        fault = "it lies outside the last week"
    else:
        return
    raise BadConversationError(f"{message.key}: {fault}")


def _answers_an_ask(message: Message, before: list[Message]) -> bool:
    answered = next((m for m in before if m.key == message.reply_to), None)
    return answered is not None and before[0].ask and answered.author == before[0].author
