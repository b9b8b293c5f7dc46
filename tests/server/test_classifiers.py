"""Classifier processes that several servers share: one that is gone, frozen or a stranger harms nobody's message."""

import asyncio
import json
import os
import signal
import stat
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from moderation.classifier import Assessment, Passage
from server.assessor import Assessor
from server.classifiers.address import Address
from server.classifiers.beside import Beside
from server.classifiers.lines import versions_at
from server.classifiers.secret import classifier_secrets, write_secret
from server.classifiers.service import Service, listen
from server.classifiers.way import NotOurs, Way
from server.cli import main
from server.errors import Misconfigured
from server.settings import read_settings
from server.store.keys import KeyFile
from tests.server.live_server import free_port

DEADLINE_S = 5.0
SECRET, OTHER = b"s" * 32, b"o" * 32
WORDS = "a robin at the window"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Counting:
    """Reads everything as calm, and keeps how many it was given at once; some words it cannot bear."""

    def __init__(self, version: str = "counting-1") -> None:
        self.version = version
        self.batches: list[int] = []

    def assess(self, passages: Sequence[Passage]) -> list[Assessment]:
        self.batches.append(len(passages))
        if any("too much" in passage.text for passage in passages):
            raise MemoryError
        return [
            Assessment(True, self.version, "en", {"toxicity": len(p.text) / 1000}) for p in passages
        ]


@asynccontextmanager
async def served(
    classifier: Counting, address: Address, secrets: Sequence[bytes] = ()
) -> AsyncIterator[None]:
    service = Service(classifier, lambda: secrets)
    attend = partial(service.attend, sealed=address.path is None)
    reading = asyncio.create_task(service.read())
    async with listening(attend, address):
        yield
    reading.cancel()
    service.close()


@asynccontextmanager
async def listening(attend: Handler, address: Address) -> AsyncIterator[None]:
    server = await asyncio.start_server(attend, sock=listen(address))
    yield
    server.close()


@asynccontextmanager
async def asking(
    *addresses: Address, deadline_s: float = DEADLINE_S, secret: bytes = SECRET, up: int = -1
) -> AsyncIterator[Assessor]:
    """up: how many of them will answer; all, if not given."""
    assessor = Assessor("", None, deadline_s=deadline_s, addresses=addresses, secret=lambda: secret)
    await assessor.start()
    async with asyncio.timeout(10):
        while len(assessor.answering) < (len(addresses) if up < 0 else up):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    try:
        yield assessor
    finally:
        await assessor.close()


def here(folder: Path, name: str = "a") -> Address:
    return Address(folder / f"{name}.sock")


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says which model it has, takes what it is asked, and never answers."""
    way = Way(reader, writer)
    await way.send({"version": "silent-1"})
    with suppress(EOFError):
        await reader.read()
    way.close()


async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes one batch with it."""
    way = Way(reader, writer)
    await way.send({"version": "dying-1"})
    with suppress(EOFError):
        await way.receive()
    way.close()


async def test_servers_share_a_process_which_reads_what_waits_together(tmp_path: Path) -> None:
    model, address = Counting(), here(tmp_path)
    async with served(model, address), asking(address) as one, asking(address) as other:
        texts = [f"{WORDS} {number}" for number in range(40)]
        read = await asyncio.gather(
            *(a.assess(Passage(text)) for a in (one, other) for text in texts)
        )
    assert [r.signals["toxicity"] for r in read] == [len(text) / 1000 for text in texts] * 2
    assert sum(model.batches) == 80
    assert len(model.batches) < 40
    assert (one.wanted, read[0].model) == (1, "counting-1")


async def test_what_a_dying_process_had_is_asked_of_another_in_time(tmp_path: Path) -> None:
    first, second = here(tmp_path), here(tmp_path, "b")
    async with (
        listening(dying, first),
        served(Counting(), second),
        asking(first, second) as assessor,
    ):
        read = await asyncio.gather(
            *(assessor.assess(Passage(f"{WORDS} {number}")) for number in range(30))
        )
    assert {r.model for r in read} == {"counting-1"}


async def test_a_frozen_process_makes_no_message_late_while_another_is_free(tmp_path: Path) -> None:
    first, second = here(tmp_path), here(tmp_path, "b")
    async with (
        listening(silent, first),
        served(Counting(), second),
        asking(first, second, deadline_s=1.0) as assessor,
    ):
        read = [await assessor.assess(Passage(f"{WORDS} {number}")) for number in range(10)]
    assert all(r.assessed for r in read)


async def test_where_all_are_frozen_it_is_late_in_time_and_never_safe(tmp_path: Path) -> None:
    async with (
        listening(silent, here(tmp_path)),
        asking(here(tmp_path), deadline_s=0.1) as assessor,
    ):
        began = time.monotonic()
        read = await assessor.assess(Passage(WORDS))
        took_s = time.monotonic() - began
    assert (read.assessed, read.why_not) == (False, "late")
    assert took_s < DEADLINE_S


async def test_what_does_not_fit_is_late_at_once(tmp_path: Path) -> None:
    async with (
        listening(silent, here(tmp_path)),
        asking(here(tmp_path), deadline_s=1.0) as assessor,
    ):
        waiting = [asyncio.ensure_future(assessor.assess(Passage(WORDS))) for _ in range(600)]
        await asyncio.sleep(0.1)
        done = [one for one in waiting if one.done()]
        assert {one.result().why_not for one in done} == {"late"}
        assert 600 - 512 - 16 <= len(done) < 600
        await asyncio.gather(*waiting)


async def test_who_speaks_now_is_read_before_what_was_missed(tmp_path: Path) -> None:
    asked: list[str] = []

    async def noting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        way = Way(reader, writer)
        await way.send({"version": "noting-1"})
        with suppress(EOFError):
            while True:
                texts = [text for text, _ in await way.receive()]
                asked.extend(texts)
                await asyncio.sleep(0.05)
                await way.send([Assessment(True, "noting-1", "en").to_json() for _ in texts])
        way.close()

    async with (
        listening(noting, here(tmp_path)),
        asking(here(tmp_path), deadline_s=1.0) as assessor,
    ):
        late = [
            asyncio.ensure_future(assessor.assess(Passage("missed"), deadline_s=5.0))
            for _ in range(12)
        ]
        await asyncio.sleep(0.02)
        assert (await assessor.assess(Passage("now"))).assessed
        assert asked.index("now") == 4
        await asyncio.gather(*late)


async def test_two_versions_each_name_their_own_model(tmp_path: Path) -> None:
    first, second = here(tmp_path), here(tmp_path, "b")
    async with (
        served(Counting("old-1"), first),
        served(Counting("new-2"), second),
        asking(first, second) as assessor,
    ):
        read = await asyncio.gather(
            *(assessor.assess(Passage(f"{WORDS} {number}")) for number in range(64))
        )
        assert assessor.answering == ["old-1", "new-2"]
        assert assessor.version == "old-1"
        found = await versions_at([first, here(tmp_path, "c"), second], bytes)
    assert list(found.values()) == ["old-1", None, "new-2"]
    assert {r.model for r in read} == {"old-1", "new-2"}


async def test_a_text_that_a_model_cannot_bear_spoils_no_other(tmp_path: Path) -> None:
    async with served(Counting(), here(tmp_path)), asking(here(tmp_path)) as assessor:
        read = await asyncio.gather(
            *(assessor.assess(Passage(text)) for text in (WORDS, "too much", WORDS))
        )
    assert [r.why_not for r in read] == [None, "broken", None]


async def test_one_that_went_away_is_called_again_and_meanwhile_all_is_broken_at_once(
    tmp_path: Path,
) -> None:
    address = here(tmp_path)
    async with listening(dying, address), asking(address) as assessor:
        assert (await assessor.assess(Passage(WORDS))).why_not == "broken"
        assert assessor.state == "down"
        assert (await assessor.assess(Passage(WORDS))).why_not == "broken"
        async with served(Counting(), address):
            async with asyncio.timeout(10):
                while assessor.answering != ["counting-1"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert (await assessor.assess(Passage(WORDS))).assessed


# --- through a network ---


async def test_through_a_network_a_process_answers_who_knows_the_secret_and_no_stranger() -> None:
    address, model = Address(host="127.0.0.1", port=free_port()), Counting()
    async with served(model, address, [OTHER, SECRET]):
        async with asking(address, secret=SECRET) as assessor:
            assert (await assessor.assess(Passage(WORDS))).assessed
        async with asking(address, secret=b"?" * 32, up=0) as stranger:
            await asyncio.sleep(0.2)
            assert stranger.answering == []
            assert (await stranger.assess(Passage(WORDS))).why_not == "broken"
    assert sum(model.batches) == 1


async def test_what_goes_through_a_network_is_sealed_and_each_frame_has_its_place() -> None:
    written: list[bytes] = []
    ends: asyncio.Queue[Way] = asyncio.Queue()
    port, behind = free_port(), free_port()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Between the two: keeps all that passes, and says the last frame twice."""
        theirs, out = await asyncio.open_connection("127.0.0.1", behind)
        back = asyncio.create_task(copy(theirs, writer))
        await copy(reader, out)
        back.cancel()
        out.close()
        writer.close()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while content := await reader.read(65_536):
            written.append(content)
            writer.write(content * 2 if WORDS_ENCODED in content or len(content) > 200 else content)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        way = Way(reader, writer)
        await way.let_in([SECRET])
        ends.put_nowait(way)

    async with (
        listening(take, Address(host="127.0.0.1", port=behind)),
        listening(relay, Address(host="127.0.0.1", port=port)),
    ):
        way = Way(*await asyncio.open_connection("127.0.0.1", port))
        await way.ask_in(SECRET)
        other = await ends.get()
        said = [[WORDS * 20, None]]
        await way.send(said)
        assert await other.receive() == said
        with pytest.raises(NotOurs):
            await other.receive()  # the same frame once more
        way.close()
        other.close()
    assert WORDS_ENCODED not in b"".join(written)
    assert sum(map(len, written)) > len(WORDS) * 20


WORDS_ENCODED = WORDS.encode()


def test_a_reading_machine_has_a_key_of_its_own_that_opens_nothing_else(tmp_path: Path) -> None:
    KeyFile.make(tmp_path / "hearth.key")
    [secret] = classifier_secrets(read_settings({}, data_dir=tmp_path))
    path = tmp_path / "classifiers.key"
    write_secret(path, secret)
    elsewhere = read_settings({}, data_dir=tmp_path / "none", classifiers_key_file=path)
    assert classifier_secrets(elsewhere) == [secret]
    assert (tmp_path / "hearth.key").read_text().split()[1] not in path.read_text()
    path.chmod(0o644)
    with pytest.raises(Misconfigured, match="misconfigured"):
        classifier_secrets(elsewhere)


# --- the command ---


def test_a_model_file_that_was_changed_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "here-1").mkdir()
    (tmp_path / "here-1/ngrams.npz").write_bytes(b"not what was registered")
    entry = {"sha256": {"ngrams.npz": "0" * 64}, "languages": ["en"]}
    registry = {"default": "here-1", "models": {"here-1": entry}}
    (tmp_path / "registry.json").write_text(json.dumps(registry))
    monkeypatch.setenv("HEARTH_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("HEARTH_DATA_DIR", str(tmp_path))
    assert main(["classify"]) == 1
    assert "SHA-256 differs" in capsys.readouterr().err
    assert not (tmp_path / "classifier.sock").exists()


@pytest.mark.parametrize("text", ["unix:", "unix:/" + "long/" * 40, "9470", "host:port", "a b:1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured):
        Address.read(text)


def test_an_address_is_read_as_it_is_written() -> None:
    for text in ("unix:/run/hearth/a.sock", "reader-0.readers:9470", "[::1]:9470"):
        assert str(Address.read(text)) == text


def test_a_socket_is_for_its_owner_alone_and_takes_the_place_of_the_one_before(
    tmp_path: Path,
) -> None:
    with listen(here(tmp_path)), listen(here(tmp_path)):
        assert stat.S_IMODE((tmp_path / "a.sock").stat().st_mode) == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["a.sock"]


_READER = """
import sys, threading
from pathlib import Path
from server.classifiers.address import Address
from server.classifiers.service import end_with, listen
end_with(int(sys.argv[sys.argv.index("--alive") + 1]))
bound = listen(Address.read(sys.argv[sys.argv.index("--listen") + 1]))
while True:
    line, _ = bound.accept()
    line.sendall(b"here")
"""


def test_processes_beside_workers_are_started_again_and_replaced() -> None:
    beside = Beside(2, (sys.executable, "-c", _READER))

    def pids() -> set[int]:
        beside.look()
        found = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
        return {
            int(pid)
            for pid in found
            if b"server.classifiers.service" in Path(f"/proc/{pid}/cmdline").read_bytes()
        }

    def until(is_so: Callable[[set[int]], bool]) -> set[int]:
        end = time.monotonic() + 30
        while not is_so(now := pids()) or not all(path.exists() for path in paths):
            assert time.monotonic() < end
            time.sleep(0.02)
        return now

    paths = [Path(one.removeprefix("unix:")) for one in beside.addresses.split(",")]
    try:
        first = until(lambda now: len(now) == 2)
        os.kill(min(first), signal.SIGKILL)
        second = until(lambda now: len(now) == 2 and now != first)
        beside.replace()
        until(lambda now: len(now) == 2 and not now & second)
    finally:
        beside.end()
    assert not paths[0].parent.exists()
