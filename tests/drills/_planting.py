"""Canaries: words that nobody ever said, put in wherever text comes in, and looked for wherever it must not be."""

import http.client
import json
import random
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from websockets.sync.client import connect

from server.access import Role
from server.client.line import socket_url
from server.protocol.frames import SUBPROTOCOL
from server.store import fields
from server.store.fields import FIELDS
from server.store.work import Work
from tests.server.fuzzing.texts import Field, text_fields
from tests.server.live_server import LiveServer
from tests.server.malforming.world import ROLES, World, valid_frames

_SIGN = "kzq"
_LETTERS = 12
_WORDS = re.compile(rb"kzq[a-z]{12}")
_IN_HEX = re.compile(rb"6b7a71(?:[0-9a-f]{2}){12}", re.IGNORECASE)
_REFUSED = 400
_TIMEOUT_S = 60.0

OPEN = frozenset(
    {
        "steward_place", "steward_rooms_add", "steward_rooms_change", "steward_help_lines_add",
        "steward_help_lines_change", "steward_templates_add", "steward_templates_change",
        "steward_away_change", "place_promises", "steward_promises", "member_sign_up",
    }
)  # fmt: skip
"""What the place itself says to everybody, and pseudonyms: kept as it is, and never logged."""


@dataclass(slots=True)
class Planted:
    """Each canary, and where it went in. echoed: refusals that repeat one."""

    by_word: dict[str, str] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    echoed: list[str] = field(default_factory=list)
    rng: random.Random = field(default_factory=lambda: random.Random(7))

    def new(self, where: str) -> str:
        """A word of its own for each place."""
        word = _SIGN + "".join(self.rng.choices(string.ascii_lowercase, k=_LETTERS))
        self.by_word[word] = where
        return word

    def answered(self, word: str, status: int, content: bytes) -> None:
        """Whether it was taken; a refusal repeats nothing."""
        if status < _REFUSED:
            self.accepted.add(word)
        elif word.encode() in content:
            self.echoed.append(self.by_word[word])

    def hidden(self) -> set[str]:
        """Those that must be unreadable wherever things are kept."""
        return {word for word, where in self.by_word.items() if where.partition(".")[0] not in OPEN}


def plant_bodies(
    server: LiveServer, openapi: dict[str, Any], world: World, planted: Planted
) -> None:
    """In each field of text of each body, as everybody."""
    for one in text_fields(openapi, world):
        for role in ROLES:
            word = planted.new(f"{one.name}.{one.field} as {role}")
            status, content = _send(server, one, f"The {word} sings.", world.tokens[role])
            planted.answered(word, status, content)


def plant_frames(server: LiveServer, world: World, planted: Planted, times: int) -> None:
    """In what is said, changed, and reported; and in frames that are not as they should be."""
    with connect(
        socket_url(server.url), subprotocols=[SUBPROTOCOL], compression=None, proxy=None,  # type: ignore[list-item]
        additional_headers={"Authorization": f"Bearer {world.tokens[Role.PEER]}"},
    ) as socket:  # fmt: skip
        for number in range(times):
            for name, valid in valid_frames(world).items():
                for text in {"text", "words", "content_note"} & set(valid):
                    word = planted.new(f"frame.{name}.{text}")
                    said = valid | {text: f"The {word} sings.", "client_id": str(uuid4())}
                    if name not in {"post", "edit"}:
                        said.pop("client_id")
                    socket.send(json.dumps(said | ({"nobody": "knows"} if number % 3 == 2 else {})))
            word = planted.new("frame that is no JSON")
            socket.send(f'{{"type": "post", "text": "{word}')
            word = planted.new("frame of bytes")
            socket.send(word.encode())
            word = planted.new("frame with a field that is not known")
            socket.send(json.dumps({"type": "typing", "room": word, word: word}))
            word = planted.new("frame that is too large")
            socket.send(json.dumps({"type": "post", "text": f"{word} " * 4_000}))
        _hear(socket, planted)


def plant_around(server: LiveServer, world: World, planted: Planted, times: int) -> None:
    """In paths, queries, headers, forms, secrets, and bodies that cannot be read."""
    token = world.tokens[Role.PEER]
    for _ in range(times):
        for word, method, path, headers, body in _requests(planted, world, token):
            status, content = ask(server, method, path, headers, body)
            planted.answered(word, status, content)


def _requests(
    planted: Planted, world: World, token: str
) -> Iterator[tuple[str, str, str, dict[str, str], bytes | None]]:
    mine = {"Authorization": f"Bearer {token}"}
    kind = {"Content-Type": "application/json"}
    form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"hearth={token}"}
    word = planted.new("path")
    yield word, "GET", f"/api/rooms/{word}", mine, None
    word = planted.new("query")
    yield word, "GET", f"/api/queue?after={word}&language={word}", mine, None
    word = planted.new("page")
    yield word, "GET", f"/nowhere/{word}?{word}={quote(word)}", {}, None
    word = planted.new("agent")
    yield word, "GET", "/api/me", {"User-Agent": word, "Referer": f"http://{word}/"}, None
    word = planted.new("token")
    yield word, "GET", "/api/sessions", {"Authorization": f"Bearer {word}"}, None
    word = planted.new("cookie")
    yield (
        word,
        "GET",
        "/api/sessions",
        {"Cookie": f"hearth={word}; hearth-device={word}.{word}"},
        None,
    )
    word = planted.new("no JSON")
    yield word, "POST", "/api/sessions", kind, f'{{"pseudonym": "{word}'.encode()
    word = planted.new("passphrase")
    body: dict[str, Any] = {"pseudonym": "Nobody Here", "passphrase": f"the {word} sings"}
    yield word, "POST", "/api/sessions", kind, json.dumps(body).encode()
    word = planted.new("passphrase at sign-up")
    body = _SIGN_UP | {"pseudonym": f"Nobody {word[-8:]}", "passphrase": f"the {word} sings"}
    yield word, "POST", "/api/members", kind, json.dumps(body).encode()
    word = planted.new("form")
    sent = urlencode({"text": word, "client_id": str(uuid4()), "token": word}).encode()
    yield word, "POST", f"/plain/rooms/{world.room}/messages", form | _origin(), sent
    word = planted.new("log-in form")
    sent = urlencode(
        {"pseudonym": "Nobody Here", "passphrase": word, "recovery_code": word}
    ).encode()
    yield word, "POST", "/plain/log-in", form | _origin(), sent


_SIGN_UP = {"old_enough": True, "not_an_emergency_service": True, "machine_reads_for_safety": True}


def _origin() -> dict[str, str]:
    return {"Origin": "null"}


def found_in(contents: Iterable[bytes]) -> set[str]:
    """The canaries that stand there, as they are or in hex."""
    found: set[str] = set()
    for content in contents:
        found |= {one.decode() for one in _WORDS.findall(content)}
        found |= {bytes.fromhex(one.decode()).decode("latin-1") for one in _IN_HEX.findall(content)}
    return found


def files_of(*folders: Path) -> Iterator[bytes]:
    """Whatever lies there."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield path.read_bytes()


def reached(work: Work) -> dict[str, int]:
    """Of each sealed column, in how many rows a canary is read when it is opened."""
    counts = {}
    for one in FIELDS:
        opened = (
            fields.open_held(work, fields.Held(one, *row)) or ""
            for row in work.connection.execute(one.query())
        )
        counts[one.name] = sum(_SIGN in text for text in opened)
    return counts


def _send(server: LiveServer, one: Field, text: str, token: str) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return ask(server, one.method, one.path, headers, one.filled(text).encode())


def ask(
    server: LiveServer, method: str, path: str, headers: Mapping[str, str], body: bytes | None
) -> tuple[int, bytes]:
    """Status and body of one request."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT_S)
    try:
        line.request(method, path, body, dict(headers))
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def _hear(socket: Any, planted: Planted) -> None:
    """Refusals, up to that of a frame of our own."""
    ours = str(uuid4())
    socket.send(json.dumps({"type": "discard", "client_id": ours, "ours": True}))
    for text in socket:
        frame = json.loads(text)
        if frame["type"] == "refused":
            planted.echoed += [where for word, where in planted.by_word.items() if word in text]
            if frame.get("client_id") == ours:
                return
        elif frame["type"] == "posted":
            planted.accepted.add(str(frame["id"]))
