"""The doctor looks from outside, as browsers do, and at the machine: what is wrong is said, in one line."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from server.api.shield import _HEADERS
from server.cli import doctor, machine, outside
from server.settings import read_settings
from tests.certificates import certificate_of
from tests.server.live_server import free_port
from tests.services import Postgres

OURS = [*_HEADERS.items(), ("content-security-policy", "default-src 'none'")]


@contextmanager
def answering(headers: list[tuple[str, str]], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port on which some server says just that."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def certified(folder: Path, days: int) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side with a certificate good for so many days, and who trusts it."""
    path = folder / f"{days}.pem"
    path.write_bytes(b"".join(certificate_of("localhost", days)))
    serves, trusts = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    serves.load_cert_chain(path)
    trusts.load_verify_locations(path)
    return serves, trusts


@pytest.mark.parametrize(("days", "ok", "said"), [(90, True, "good until"), (5, False, "5 days")])
def test_a_certificate_that_ends_soon_is_told(
    tmp_path: Path, days: int, ok: bool, said: str
) -> None:
    serves, trusts = certified(tmp_path, days)
    with answering(OURS, serves) as port:
        found, words = outside.certificate(f"https://localhost:{port}", trusts)
    assert (found, said in words) == (ok, True), words


def test_a_certificate_that_browsers_refuse_or_that_is_none_is_told(tmp_path: Path) -> None:
    expired, trusts = certified(tmp_path, -1)
    with answering(OURS, expired) as port:
        assert "will not trust" in outside.certificate(f"https://localhost:{port}", trusts)[1]
        assert "will not trust" in outside.certificate(f"https://localhost:{port}")[1]
    with answering(OURS) as port:
        assert "does not speak TLS" in outside.certificate(f"https://localhost:{port}")[1]
    assert "cannot be reached" in outside.certificate(f"https://localhost:{free_port()}")[1]


@pytest.mark.parametrize(
    ("headers", "ok", "said"),
    [
        (OURS, True, "sends all 5"),
        (OURS[:-1], False, "without: content-security-policy"),
        ([*OURS, ("X-Frame-Options", "SAMEORIGIN")], False, "twice"),
    ],
)
def test_headers_that_a_proxy_drops_or_adds_are_told(
    headers: list[tuple[str, str]], ok: bool, said: str
) -> None:
    with answering(headers) as port:
        found, words = outside.headers(read_settings({}, port=port))
    assert (found, said in words) == (ok, True), words


def test_who_does_not_run_on_loopback_is_not_ill_and_an_address_that_is_silent_is() -> None:
    port = free_port()
    assert outside.headers(read_settings({}, port=port))[0] is True
    public = read_settings({}, public_url=f"http://localhost:{port}")
    assert outside.headers(public)[0] is False


def test_data_that_others_may_look_into_are_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert machine.data_folder(read_settings({}, data_dir=tmp_path))[0] is False
    tmp_path.chmod(0o700)
    assert machine.data_folder(read_settings({}, data_dir=tmp_path))[0] is True


def test_what_is_installed_here_is_not_too_old() -> None:
    assert machine.versions(read_settings({}))[0] is True
    assert machine.is_older("starlette", "999.0")


def test_what_reads_secrets_or_what_strangers_send_has_a_floor() -> None:
    facing = {"argon2-cffi", "asyncpg", "cryptography", "httptools", "redis", "webauthn"}
    assert facing <= set(machine.FLOORS)


def test_running_as_root_is_to_be_mended() -> None:
    assert machine.judge_user(0)[0] is False
    assert machine.judge_user(1000)[0] is True
    assert machine.judge_user(None)[0] is True


async def test_a_database_that_forgets_at_a_power_cut_is_to_be_mended(
    postgres: Postgres, tmp_path: Path
) -> None:
    """The tests' own does: nothing here needs to outlive them."""
    url = await postgres.create()
    settings = read_settings({}, data_dir=tmp_path, database_url=url)
    ok, words = await asyncio.to_thread(doctor._database, settings)
    assert not ok
    assert "fsync and full_page_writes off" in words


def test_redis_is_asked(redis_url: str) -> None:
    def asked(url: str) -> tuple[bool, str]:
        return doctor._redis(read_settings({"HEARTH_REDIS_URL": url}))

    assert asked(redis_url) == (True, "it answers.")
    ok, words = asked(f"redis://127.0.0.1:{free_port()}/0")
    assert not ok
    assert "does not answer" in words
    assert doctor._redis(read_settings({}))[0]
