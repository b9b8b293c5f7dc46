"""The reference server for Matrix: Synapse, from an environment of its own that SYNAPSE_PY names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tests.bench.adapters import Adapter, NotInstalled, register
from tests.bench.engine import Engine, Session
from tests.bench.pg import Cluster
from tests.bench.texts import MARK

_LENGTH = re.compile(rb"content-length: *(\d+)")
_FILTER = (
    "%7B%22presence%22%3A%7B%22types%22%3A%5B%5D%7D%2C%22account_data%22%3A%7B%22types%22%3A%5B%5D%7D%2C"
    "%22room%22%3A%7B%22ephemeral%22%3A%7B%22types%22%3A%5B%5D%7D%2C%22state%22%3A%7B%22lazy_load_members%22"
    "%3Atrue%7D%2C%22timeline%22%3A%7B%22types%22%3A%5B%22m.room.message%22%5D%2C%22limit%22%3A50%7D%7D%7D"
)
_POSTERS_FROM = 100_000


class HttpSession(Session):
    """HTTP/1.1 keep-alive, one request at a time; `on_response` gets each answer."""

    def feed(self, data: bytes) -> None:
        data = self.rest + data
        while data and (split := _split(data)):
            status, body, data = split
            self.rest = b""
            self.on_response(status, body)
        self.rest = data

    def request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str = ""
    ) -> None:
        """Send one."""
        content = json.dumps(body).encode() if body is not None else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        if token:
            head += f"Authorization: Bearer {token}\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        self.write((head + "\r\n").encode() + content)

    def on_response(self, status: int, body: bytes) -> None:
        """One answer."""
        raise NotImplementedError


class MatrixPoster(HttpSession):
    """The connection through which one member posts: one PUT at a time, the rest wait."""

    def __init__(self, engine: Engine, index: int, token: str) -> None:
        super().__init__(engine, index)
        self.token = token
        self.waiting: deque[tuple[str, str, int]] = deque()
        self.seq: int | None = None

    def start(self) -> None:
        self.set_joined()

    def post(self, room: str, text: str, seq: int) -> None:
        """Now, or when the posts before it are answered."""
        self.waiting.append((room, text, seq))
        self._next()

    def on_response(self, status: int, body: bytes) -> None:
        if status == 200 and self.seq is not None:
            self.engine.ack(self.seq)
        else:
            self.engine.note(f"send: {status} {body[:150]!r}")
        self.seq = None
        self._next()

    def _next(self) -> None:
        if self.seq is None and self.waiting:
            room, text, self.seq = self.waiting.popleft()
            path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/t{self.index}.{self.seq}"
            self.request("PUT", path, {"msgtype": "m.text", "body": text}, self.token)


class MatrixSession(HttpSession):
    """Registers, joins, then long-polls /sync. It posts through a second connection."""

    rooms: ClassVar[dict[Engine, str]] = {}
    """Created by the first one in."""

    def __init__(self, engine: Engine, index: int) -> None:
        super().__init__(engine, index)
        self.step = "register"
        self.token = ""
        self.since = ""
        self.poster: MatrixPoster | None = None

    def start(self) -> None:
        who = {"username": f"u{self.index}", "password": "pw", "inhibit_login": False}
        body = who | {"auth": {"type": "m.login.dummy"}}
        self.request("POST", "/_matrix/client/v3/register", body)

    def on_response(self, status: int, body: bytes) -> None:
        if status != 200:
            self.engine.drop(self, f"{self.step}: {status} {body[:200]!r}")
            return
        getattr(self, f"_on_{self.step}")(json.loads(body), body)

    def say(self, text: str, seq: int) -> None:
        assert self.poster
        self.poster.post(self.rooms[self.engine], text, seq)

    def _on_register(self, answer: Any, _: bytes) -> None:
        self.token = answer["access_token"]
        if self.index == 0:
            self.step, path, body = "create", "createRoom", {"preset": "public_chat"}
        else:
            self.step, path, body = "join", f"join/{self.rooms[self.engine]}", {}
        self.request("POST", f"/_matrix/client/v3/{path}", body, self.token)

    def _on_create(self, answer: Any, body: bytes) -> None:
        self.rooms[self.engine] = answer["room_id"]
        self._on_join(answer, body)

    def _on_join(self, _: Any, __: bytes) -> None:
        self.step = "first"
        path = f"/_matrix/client/v3/sync?timeout=0&filter={_FILTER}"
        self.request("GET", path, None, self.token)

    def _on_first(self, answer: Any, _: bytes) -> None:
        self.since = answer["next_batch"]
        self.step = "sync"
        self.set_joined()
        self._poll()

    def _on_sync(self, answer: Any, body: bytes) -> None:
        self.since = answer["next_batch"]
        at = body.find(MARK)
        while at >= 0:
            self.engine.hit(int(body[at + 2 : at + 10]))
            at = body.find(MARK, at + 10)
        self._poll()

    def _poll(self) -> None:
        path = f"/_matrix/client/v3/sync?timeout=60000&since={self.since}&filter={_FILTER}"
        self.request("GET", path, None, self.token)


class Synapse(Adapter):
    """With every rate limit out of the way."""

    shares_memory = True

    session_class = MatrixSession
    first_alone = True
    joins_at_once = 4
    start_timeout_s = 120.0
    settle_s = 6.0
    boot_s = 3.0
    on_postgres: ClassVar[bool] = True
    python: ClassVar[str] = os.environ.get("SYNAPSE_PY", "")

    @classmethod
    def check_installed(cls) -> None:
        if not cls.python:
            raise NotInstalled("matrix-synapse: SYNAPSE_PY names no environment")
        if cls.on_postgres:
            Cluster.check_installed()

    def prepare(self) -> None:
        (self.folder / "log.yaml").write_text(_LOG.format(folder=self.folder))
        settings = _SETTINGS.format(
            folder=self.folder, port=self.port, database=self.database_settings(), high=_HIGH
        )
        (self.folder / "h.yaml").write_text(settings)
        make = [*self.command(), "--generate-keys"]
        subprocess.run(make, check=True, capture_output=True)

    def database_settings(self) -> str:
        """Made, if it is PostgreSQL."""
        if not self.on_postgres:
            return f"{{name: sqlite3, args: {{database: {self.folder}/homeserver.db}}}}"
        cluster = Cluster(self.folder)
        cluster.start()
        self.processes.append(cluster.process)
        cluster.run_sql(
            "-c", "CREATE DATABASE synapse TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        return (
            "{name: psycopg2, args: {user: postgres, password: x, dbname: synapse, host: 127.0.0.1, "
            f"port: {cluster.port}, cp_min: 5, cp_max: 10}}}}"
        )

    def command(self) -> list[str]:
        return [self.python, "-m", "synapse.app.homeserver", "-c", str(self.folder / "h.yaml")]

    def is_ready(self) -> bool:
        url = f"http://127.0.0.1:{self.port}/_matrix/client/versions"
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            return False
        return True

    def in_room(self, engine: Engine, members: Sequence[Session]) -> None:
        """Each gets its second connection."""
        mine = [member for member in members if isinstance(member, MatrixSession)]
        for member in mine:
            member.poster = MatrixPoster(engine, _POSTERS_FROM + member.index, member.token)
        engine.connect_all([m.poster for m in mine if m.poster], self.port, at_once=16)


def _split(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Status, body and what follows, once an answer is complete."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    head, start = data[:end].lower(), end + 4
    status = int(head[9:12])
    if length := _LENGTH.search(head):
        stop = start + int(length.group(1))
        return (status, data[start:stop], data[stop:]) if len(data) >= stop else None
    if b"chunked" not in head:
        return status, b"", data[start:]
    return (status, _joined(data[start:]), b"") if data.endswith(b"0\r\n\r\n") else None


def _joined(chunks: bytes) -> bytes:
    body, at = b"", 0
    while True:
        line = chunks.index(b"\r\n", at)
        size = int(chunks[at:line].split(b";")[0], 16)
        if size == 0:
            return body
        body += chunks[line + 2 : line + 2 + size]
        at = line + 4 + size


_HIGH = "{per_second: 100000, burst_count: 100000}"
_LOG = """version: 1
handlers: {{f: {{class: logging.FileHandler, filename: {folder}/s.log, level: WARNING}}}}
root: {{level: WARNING, handlers: [f]}}
"""
_SETTINGS = """
server_name: local.test
pid_file: {folder}/s.pid
report_stats: false
log_config: {folder}/log.yaml
media_store_path: {folder}/media
signing_key_path: {folder}/sign.key
macaroon_secret_key: aaaaaaaaaaaaaaaaaaaaaaaa
form_secret: bbbbbbbbbbbbbbbbbbbbbbbb
registration_shared_secret: cccccccccccccccccccc
trusted_key_servers: []
enable_registration: true
enable_registration_without_verification: true
bcrypt_rounds: 4
presence: {{enabled: false}}
url_preview_enabled: false
listeners:
  - port: {port}
    bind_addresses: ["127.0.0.1"]
    type: http
    tls: false
    resources: [{{names: [client], compress: false}}]
database: {database}
rc_message: {high}
rc_registration: {high}
rc_login: {{address: {high}, account: {high}, failed_attempts: {high}}}
rc_joins: {{local: {high}, remote: {high}}}
rc_joins_per_room: {high}
rc_invites: {{per_room: {high}, per_user: {high}, per_issuer: {high}}}
rc_room_creation: {high}
"""

register("synapse-pg", Synapse, durable="fsync")
register("synapse-sqlite", Synapse, durable="fsync", on_postgres=False)
