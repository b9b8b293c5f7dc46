"""What is replayed: posts, each with its replies, from JSON lines."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server.errors import ServerError
from server.protocol.base import TEXT_LIMIT


class BadFile(ServerError):
    """A file that cannot be replayed; the detail names the line, never what stands in it."""

    code = "bad_file"


@dataclass(slots=True)
class Conversation:
    """One post and what was answered."""

    post: str
    replies: list[str] = field(default_factory=list)


def read_file(path: Path, limit: int | None = None) -> list[Conversation]:
    """JSON lines with `post` and `reply`; lines with the same `post_id` (or post) share their post.

    limit: at most so many messages, posts and replies together. Raises BadFile.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            found = gather(_rows(lines))
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path} cannot be read: {type(error).__name__}.") from None
    return cut(found, limit) if limit else found


def gather(rows: Iterable[tuple[str, str, str]]) -> list[Conversation]:
    """Rows of (post's key, post, reply) as conversations, in the order of their first rows."""
    found: dict[str, Conversation] = {}
    for key, post, reply in rows:
        found.setdefault(key, Conversation(post)).replies.append(reply)
    return list(found.values())


def cut(conversations: Iterable[Conversation], limit: int) -> list[Conversation]:
    """The first conversations, `limit` messages in all."""
    kept: list[Conversation] = []
    for conversation in conversations:
        if limit <= 0:
            break
        kept.append(Conversation(conversation.post, conversation.replies[: limit - 1]))
        limit -= 1 + len(kept[-1].replies)
    return kept


def _rows(lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            row = _object(line, number)
            post, reply = _text(row, "post", number), _text(row, "reply", number)
            yield str(row.get("post_id", post)), post, reply


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise BadFile(f"line {number}: not a JSON object.")
    return row


def _text(row: dict[str, Any], name: str, number: int) -> str:
    text = row.get(name)
    if not isinstance(text, str) or not text.strip():
        raise BadFile(f"line {number}: `{name}` is missing or empty.")
    # What the wire does not carry was never said here.
    plain = text.replace("\x00", " ").encode("utf-8", "replace").decode()
    return plain[:TEXT_LIMIT]
