"""Bringing one file over a line that may break: it goes on where it stopped, and is checked before it counts."""

import errno
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

from moderation.detoxify_files import sha256_of
from server.errors import ServerError

Report = Callable[[str, int, int | None], None]
"""Called with a file's name, the bytes that are here, and how many there will be, when known."""

_TRIES: Final = 5
"""In a row without one new byte: then the line is down and a person should know."""
_CHUNK_BYTES: Final = 1 << 20
_SILENCE_S: Final = 30
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_BROKEN: Final = (
    urllib.error.URLError,
    HTTPException,
    ConnectionError,
    TimeoutError,
    ssl.SSLError,
)
_HASH: Final = re.compile(r"[0-9a-f]{8,64}")


class FetchFailed(ServerError):
    """A file could not be brought here; the words say why and what to do."""

    code = "fetch_failed"
    status = HTTPStatus.BAD_GATEWAY


@dataclass(frozen=True, slots=True)
class Source:
    """A file to bring. sha256: lower-case hex, whole or only its beginning, as far as it is known.

    Raises ValueError when that says too little to check anything by, or the name is a path.
    """

    name: str
    url: str
    sha256: str

    def __post_init__(self) -> None:
        if not _HASH.fullmatch(self.sha256) or Path(self.name).name != self.name:
            raise ValueError(self.name)

    def is_whole_in(self, path: Path) -> bool:
        """Whether that file is there and is this one."""
        return path.is_file() and sha256_of(path).startswith(self.sha256)


def fetch(source: Source, folder: Path, report: Report, *, pause_s: float = 1.0) -> str:
    """Bring a file into a folder; return its whole SHA-256.

    It has its name only once it is whole and checked; until then it is NAME.part, which the next
    call goes on with. One that is there already is only checked. pause_s: before trying again.
    Raises FetchFailed: no network, an address that is gone, a wrong hash, a full disk.
    """
    target, part = folder / source.name, folder / f"{source.name}.part"
    try:
        if not source.is_whole_in(target):
            if not source.is_whole_in(part):
                _bring(source, part, report, pause_s)
                _check(source, part)
            part.replace(target)
        return sha256_of(target)
    except (*_BROKEN, OSError) as error:
        raise _words(error, source, part) from None


def _bring(source: Source, part: Path, report: Report, pause_s: float) -> None:
    idle = 0
    while idle < _TRIES:
        before = _size(part)
        try:
            if _go_on(source, part, report):
                return
        except _BROKEN as error:
            if not _may_pass(error) or not part.exists():
                raise
        idle = 0 if _size(part) > before else idle + 1
        time.sleep(pause_s)
    raise ConnectionError("it broke again and again")


def _go_on(source: Source, part: Path, report: Report) -> bool:
    """One connection, from where the part ends. Whether the file is whole now."""
    have = _size(part)
    with _open(source.url, have) as answer:
        goes_on = have > 0 and answer.status == HTTPStatus.PARTIAL_CONTENT
        have = have if goes_on else 0
        whole = None if answer.length is None else have + answer.length
        _check_room(part.parent, (whole or 0) - have)
        with part.open("ab" if goes_on else "wb", buffering=0) as file:
            for chunk in _chunks(answer):
                have += _write(file, chunk)
                report(source.name, have, whole)
    return whole is None or have >= whole


def _open(url: str, have: int) -> Any:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise FetchFailed(f"{url} is not an address that begins with https:// or http://.")
    headers = {"User-Agent": "hearth-models", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - looked at above
    opener = urllib.request.build_opener(_StaysSecret)
    try:
        return opener.open(request, timeout=_SILENCE_S)
    except urllib.error.HTTPError as error:
        error.close()
        if have and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _open(url, 0)
        raise


class _StaysSecret(urllib.request.HTTPRedirectHandler):
    """Follows to other places (releases live on another host), but never from https down to http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if req.type == "https" and urlsplit(newurl).scheme != "https":
            raise FetchFailed(
                f"{req.host} sends us to an address without encryption: not followed."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _chunks(answer: Any) -> Iterator[bytes]:
    while chunk := answer.read(_CHUNK_BYTES):
        yield chunk


def _write(file: Any, chunk: bytes) -> int:
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]
    return len(chunk)


def _check_room(folder: Path, needed_bytes: int) -> None:
    if shutil.disk_usage(folder).free < needed_bytes:
        raise OSError(errno.ENOSPC, "not enough room")


def _check(source: Source, part: Path) -> None:
    found = sha256_of(part)
    if not found.startswith(source.sha256):
        part.unlink()
        raise FetchFailed(
            f"{source.name} from {urlsplit(source.url).hostname} is not the file it should be: its SHA-256 "
            f"is {found}, and should begin with {source.sha256}. It was removed; nothing was loaded from it."
        )


def _may_pass(error: Exception) -> bool:
    return not isinstance(error, urllib.error.HTTPError) or error.code >= 500 or error.code == 429


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _words(error: Exception, source: Source, part: Path) -> FetchFailed:
    host = urlsplit(source.url).hostname
    if isinstance(error, urllib.error.HTTPError):
        return FetchFailed(f"{host} answered {error.code} for {source.url}.")
    if isinstance(error, OSError) and error.errno in _FULL:
        return FetchFailed(
            f"the disk is full where {part} lies. Make room and run this again: it goes on from there."
        )
    if not isinstance(error, _BROKEN):
        return FetchFailed(f"{part} could not be written ({type(error).__name__}).")
    if not part.exists():
        return FetchFailed(
            f"{host} could not be reached ({getattr(error, 'reason', error)}). On a machine without a network, "
            f"run this on another one with --to and copy the folder."
        )
    return FetchFailed(
        f"the line to {host} broke {_TRIES} times after {_size(part)} bytes of {source.name}. "
        "Run this again: it goes on from there."
    )
