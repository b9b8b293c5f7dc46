"""`hearth models` and `hearth assess --backend detoxify`, against a file server whose line breaks."""

import hashlib
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from moderation.backends import load_classifier
from moderation.classifier import Passage
from moderation.detoxify_files import VARIANTS
from moderation.registry import find_model
from server.cli import main
from server.cli.fetching import FetchFailed, Source, fetch
from server.cli.models import Progress
from tests.moderation.tiny_detoxify import CHECKPOINT, make, pin
from tests.server import command

ROOT = Path(__file__).parents[2]
BODY = bytes(range(256)) * 4096
HASH = hashlib.sha256(BODY).hexdigest()


@dataclass
class Shelf:
    """What a file server holds, and how badly it serves it."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    breaks_after: list[int] = field(default_factory=list)
    """For each connection in turn, how many bytes it sends before the line breaks."""
    knows_ranges: bool = True
    claims_bytes: int | None = None
    answers: list[int] = field(default_factory=list)
    """For each connection in turn, a status instead of the file."""
    asked_for: list[str | None] = field(default_factory=list)
    """The Range of every request, in turn."""


def handler(shelf: Shelf) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            shelf.asked_for.append(wanted)
            body = shelf.files.get(self.path)
            if shelf.answers or body is None:
                return self.send_error(shelf.answers.pop(0) if shelf.answers else 404)
            start = int(wanted[6:-1]) if wanted and shelf.knows_ranges else 0
            if start and start >= len(body):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(shelf.claims_bytes or len(body) - start))
            self.end_headers()
            most = shelf.breaks_after.pop(0) if shelf.breaks_after else len(body)
            self.wfile.write(body[start : start + most])
            return None

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    held = Shelf()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(held)) as server:
        held.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield held
        server.shutdown()
        serving.join()


def bring(shelf: Shelf, folder: Path, sha256: str = HASH) -> str:
    return fetch(
        Source("big.ckpt", f"{shelf.url}/big.ckpt", sha256), folder, lambda *_: None, pause_s=0
    )


def test_a_broken_line_goes_on_where_it_stopped(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/big.ckpt"] = BODY
    shelf.breaks_after = [300_000, 400_000]
    assert bring(shelf, tmp_path) == HASH
    assert shelf.asked_for == [None, "bytes=300000-", "bytes=700000-"]
    assert (tmp_path / "big.ckpt").read_bytes() == BODY
    assert [path.name for path in tmp_path.iterdir()] == ["big.ckpt"]


def test_the_next_run_goes_on_too_and_a_whole_file_is_not_brought_again(
    shelf: Shelf, tmp_path: Path
) -> None:
    shelf.files["/big.ckpt"] = BODY
    shelf.breaks_after = [300_000, 0, 0, 0, 0, 0]
    with pytest.raises(FetchFailed) as failed:
        bring(shelf, tmp_path)
    assert "300000 bytes" in failed.value.detail
    assert "goes on" in failed.value.detail
    assert not (tmp_path / "big.ckpt").exists()
    assert (tmp_path / "big.ckpt.part").stat().st_size == 300_000
    bring(shelf, tmp_path, HASH[:8])
    assert shelf.asked_for[-1] == "bytes=300000-"
    connections = len(shelf.asked_for)
    assert bring(shelf, tmp_path) == HASH
    assert len(shelf.asked_for) == connections


def test_a_server_without_ranges_starts_again(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/big.ckpt"] = BODY
    shelf.knows_ranges = False
    shelf.breaks_after = [300_000]
    assert bring(shelf, tmp_path) == HASH


def test_a_server_that_is_busy_for_a_moment_is_asked_again(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/big.ckpt"] = BODY
    (tmp_path / "big.ckpt.part").write_bytes(BODY[:9])
    shelf.answers = [503, 429]
    assert bring(shelf, tmp_path) == HASH


def test_a_part_of_something_longer_is_thrown_away(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/big.ckpt"] = BODY
    (tmp_path / "big.ckpt.part").write_bytes(BODY + b"!")
    assert bring(shelf, tmp_path) == HASH


def test_a_wrong_file_never_gets_the_name(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/big.ckpt"] = BODY[:-1] + b"!"
    with pytest.raises(FetchFailed) as failed:
        bring(shelf, tmp_path)
    assert HASH in failed.value.detail
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_is_gone_or_a_place_without_network_is_said(
    shelf: Shelf, tmp_path: Path
) -> None:
    with pytest.raises(FetchFailed) as failed:
        bring(shelf, tmp_path)
    assert "404" in failed.value.detail
    nowhere = Source("big.ckpt", "http://127.0.0.1:9/big.ckpt", HASH)
    with pytest.raises(FetchFailed) as failed:
        fetch(nowhere, tmp_path, lambda *_: None)
    assert "could not be reached" in failed.value.detail
    for address in ("file:///etc/hostname", "ftp://127.0.0.1/big.ckpt"):
        with pytest.raises(FetchFailed, match="fetch_failed") as failed:
            fetch(Source("big.ckpt", address, HASH), tmp_path, lambda *_: None)
        assert "https://" in failed.value.detail


def test_a_full_disk_is_said_before_and_while_it_fills(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/big.ckpt"] = BODY
    shelf.claims_bytes = 10**15
    with pytest.raises(FetchFailed) as failed:
        bring(shelf, tmp_path)
    assert "disk is full" in failed.value.detail
    shelf.claims_bytes = None
    (tmp_path / "big.ckpt.part").symlink_to("/dev/full")
    with pytest.raises(FetchFailed) as failed:
        fetch(
            Source("big.ckpt", f"{shelf.url}/big.ckpt", HASH),
            tmp_path,
            lambda *_: None,
            pause_s=0,
        )
    assert "disk is full" in failed.value.detail


def test_a_source_must_say_enough_to_check_by() -> None:
    for name, sha256 in (("a", ""), ("a", "c1212f"), ("../a", HASH), ("a", HASH + "0")):
        with pytest.raises(ValueError, match="a"):
            Source(name, "https://example.org/a", sha256)


def test_progress_moves_on_a_terminal_and_is_one_line_elsewhere() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, log = Terminal(), io.StringIO()
    for progress in (Progress(terminal), Progress(log)):
        for have in (10_000_000, 10_000_100, 20_000_000):
            progress("a.ckpt", have, 20_000_000)
    assert terminal.getvalue() == (
        "\ra.ckpt: 10.0 of 20.0 MB, 50 %\ra.ckpt: 20.0 of 20.0 MB, 100 %\n"
    )
    assert log.getvalue() == "a.ckpt: 20.0 of 20.0 MB, 100 %\n"


def test_what_the_package_brings_is_listed_with_its_hash(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["models", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    embedded = [row for row in rows if row["backend"] == "embedded"]
    assert [(row["version"], row["state"]) for row in embedded] == [(find_model().version, "here")]
    assert embedded[0]["size_bytes"] > 0
    detoxify = [row for row in rows if row["backend"] == "detoxify"]
    assert len(detoxify) == 3
    for row in detoxify:
        assert row["state"] == "here" or "hearth models pull" in row["words"]


def test_the_real_sources_refuse_what_is_not_theirs(
    shelf: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf.files["/original/config.json"] = b"{}"
    asked = ["models", "pull", "original", "--from", shelf.url, "--to", str(tmp_path)]
    assert main(asked) == 1
    assert "should begin with 7160e1553ad2" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.json"))


def test_a_list_of_sources_without_hashes_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sources.toml"
    file.write_text('[original]\ncheckpoint = "a.ckpt"\n[original.files]\n')
    assert main(["models", "pull", "original", "--sources", str(file)]) == 1
    assert "with hashes" in capsys.readouterr().err


def hearth(*asked: str, said: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import sys; from server.cli import main; sys.exit(main())", *asked],
        input=said,
        text=True,
        capture_output=True,
        cwd=ROOT,
        env=os.environ | environment,
        timeout=300,
        check=False,
    )


def test_missing_weights_are_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    done = hearth(
        "assess", "--backend", "detoxify", said='{"text": "hello"}\n', HEARTH_DATA_DIR=str(tmp_path)
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("hearth: no Detoxify weights lie in")
    assert "hearth models pull original" in done.stderr
    assert done.stderr.count("\n") == 1


def sources_for(shelf: Shelf, made: Path) -> str:
    """Puts a made model on the shelf; its part of a list of sources."""
    sha256 = pin(made)
    shelf.files |= {f"/{made.name}/{name}": (made / name).read_bytes() for name in sha256}
    beginning = sha256.pop(CHECKPOINT)[:8]
    files = "\n".join(f'"{name}" = "{pinned}"' for name, pinned in sha256.items())
    return (
        f'[{made.name}]\ncheckpoint = "{CHECKPOINT}"\nsha256_prefix = "{beginning}"\n'
        f"[{made.name}.files]\n{files}\n"
    )


@pytest.mark.detoxify
def test_what_was_pulled_is_listed_and_assesses(
    shelf: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources, home = tmp_path / "sources.toml", tmp_path / "models"
    made = [make(tmp_path / "made" / variant, variant) for variant in VARIANTS]
    sources.write_text("\n".join(sources_for(shelf, folder) for folder in made))
    for variant in VARIANTS:
        asked = ["models", "pull", variant, "--from", shelf.url, "--sources", str(sources)]
        assert main([*asked, "--to", str(home)]) == 0
        said = capsys.readouterr().out
        assert "Only the beginning of this hash" in said
        found = load_classifier("detoxify", home / "detoxify" / variant)
        assert found.version in said
        assert found.assess([Passage("you are kind")])[0].assessed
    unbiased = {"HEARTH_MODELS_DIR": str(home / "detoxify" / "unbiased")}
    listed = json.loads(command.hearth(unbiased, "models", "list", "--json").stdout)
    assert [row["state"] for row in listed if row["backend"] == "detoxify"] == ["here"] * 3
    done = hearth("assess", "--backend", "detoxify", said='{"text": "you are kind"}\n', **unbiased)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert (answer["assessed"], answer["model"][:18]) == (True, "detoxify-unbiased-")
    assert 0 < answer["signals"]["toxicity"] < 1
