"""`hearth classify`: one model, for as many workers as ask.

It has no database, and writes no word that it reads anywhere but back to whoever asked. What waits is read
together. Each line asks once at a time, so what can wait here has a bound.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from moderation.classifier import Assessment, Classifier, Passage
from server.classifiers.address import Address
from server.classifiers.way import NotOurs, Way
from server.errors import Misconfigured

log = logging.getLogger(__name__)

_BATCH: Final = 16
_MOST_LINES: Final = 256
_LET_IN_S: Final = 5.0
_NICE: Final = 5
Secrets = Callable[[], Sequence[bytes]]


@dataclass(slots=True)
class _Asked:
    passages: list[Passage]
    answer: asyncio.Future[list[Assessment]]


class Service:
    """secrets: what whoever comes through a network may know, the newest first."""

    def __init__(self, classifier: Classifier, secrets: Secrets) -> None:
        self._classifier, self._secrets = classifier, secrets
        self._waiting: asyncio.Queue[_Asked] = asyncio.Queue(_MOST_LINES)
        self._model = ThreadPoolExecutor(1, "model")
        self._lines = 0

    async def attend(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, sealed: bool
    ) -> None:
        """One line, until it ends. A stranger is sent away without an answer."""
        way = Way(reader, writer)
        if self._lines >= _MOST_LINES:
            return way.close()
        self._lines += 1
        try:
            if sealed:
                async with asyncio.timeout(_LET_IN_S):
                    await way.let_in(self._secrets())
            await way.send({"version": self._classifier.version})
            while True:
                await way.send(await self._ask(await way.receive()))
        except NotOurs:
            log.warning("a stranger was sent away")
        except (OSError, EOFError, ValueError, TypeError, TimeoutError):
            return None  # gone, or it said something that no Hearth says
        finally:
            self._lines -= 1
            way.close()

    async def read(self) -> None:
        """Until cancelled: what waits, together."""
        loop = asyncio.get_running_loop()
        while True:
            asked = await self._take()
            passages = [passage for one in asked for passage in one.passages]
            answers = iter(
                await loop.run_in_executor(self._model, _assess, self._classifier, passages)
            )
            for one in asked:
                found = [next(answers) for _ in one.passages]
                if not one.answer.done():
                    one.answer.set_result(found)

    def close(self) -> None:
        """What is being read ends; nothing else begins."""
        self._model.shutdown(wait=False, cancel_futures=True)

    async def _take(self) -> list[_Asked]:
        asked = [await self._waiting.get()]
        while not self._waiting.empty() and sum(len(one.passages) for one in asked) < _BATCH:
            asked.append(self._waiting.get_nowait())
        return asked

    async def _ask(self, written: Any) -> list[dict[str, object]]:
        passages = [Passage(str(text), answered) for text, answered in written]
        answer: asyncio.Future[list[Assessment]] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait(_Asked(passages, answer))
        return [assessment.to_json() for assessment in await answer]


def _assess(classifier: Classifier, passages: Sequence[Passage]) -> list[Assessment]:
    """One that a model cannot bear spoils no other."""
    try:
        return classifier.assess(passages)
    except Exception as error:
        log.error("the model failed: %s", type(error).__name__)
        if len(passages) == 1:
            return [Assessment.not_assessed("broken", model=classifier.version)]
        return [_assess(classifier, [passage])[0] for passage in passages]


def serve(
    classifier: Classifier, address: Address, secrets: Secrets, ready: Callable[[], None]
) -> None:
    """Until told to stop. ready: called once it listens. Raises Misconfigured where it cannot."""
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    classifier.assess([Passage("warm up")])
    asyncio.run(_serve(Service(classifier, secrets), address, ready))


async def _serve(service: Service, address: Address, ready: Callable[[], None]) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    attend = partial(service.attend, sealed=address.path is None)
    bound = listen(address)
    made = address.path.stat() if address.path else None
    server = await asyncio.start_server(attend, sock=bound)
    reading = asyncio.create_task(service.read(), name="reading")
    ready()
    await over.wait()
    server.close()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    service.close()
    if address.path and made:
        _remove(address.path, made.st_ino)


def listen(address: Address) -> socket.socket:
    """A bound socket. A Unix socket can be opened by its owner alone from its first moment, and takes the place of one
    that was there in one step. Raises Misconfigured."""
    try:
        if address.path:
            return _listen_here(address.path)
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address.host, address.port))
        bound.listen()
    except OSError as error:
        raise Misconfigured(
            f"--listen: {address} is taken or not ours ({error.strerror})."
        ) from None
    return bound


def _listen_here(path: Path) -> socket.socket:
    making = path.with_name(f".{os.getpid()}")
    making.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        bound.bind(str(making))
    finally:
        os.umask(before)
    bound.listen()
    making.replace(path)
    return bound


def _remove(path: Path, inode: int) -> None:
    """Unless another has taken its place."""
    with contextlib.suppress(OSError):
        if path.stat().st_ino == inode:
            path.unlink()


def end_with(descriptor: int) -> None:
    """When the other end of this pipe closes: whoever started this process is gone."""

    def wait() -> None:
        os.read(descriptor, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="starter", daemon=True).start()
