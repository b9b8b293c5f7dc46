"""`hearth models`: which models are here, and how Detoxify's weights get here."""

import argparse
import importlib.util
import io
import sys
import tarfile
import tomllib
from pathlib import Path
from typing import Any, Final, TextIO

from moderation.detoxify_files import (
    VARIANTS,
    Manifest,
    check_files,
    folder_of,
    read_manifest,
    write_manifest,
)
from moderation.errors import ModelCorrupt, ModelPrivate, ModelUnavailable, ModerationError
from moderation.registry import MODELS_DIR, Kept, find_model, registry_of, versions
from server.cli import listing
from server.cli.fetching import FetchFailed, Source, fetch
from server.settings import Settings

_SOURCES: Final = MODELS_DIR / "sources.toml"
_MB: Final = 1_000_000
_ABOUT_PULL: Final = """Brings a Detoxify model from its official release, and its tokenizer from the base model,
into DIR/detoxify/VARIANT. Each file is checked by SHA-256 before it counts; what broke off goes
on where it stopped. Nothing is loaded. Where each file comes from: moderation/models/sources.toml."""


_ABOUT_PACKAGE: Final = """Packs one registered model for another place: unpack it where HEARTH_MODELS_DIR points. Each
file is checked by SHA-256 first. A private model, trained with a community's messages, is refused."""


def add(commands: Any) -> None:
    """Three verbs."""
    parser = commands.add_parser("models", help="which models are here; bring or pack one")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    here = verbs.add_parser("list", help="every model: here and untouched, or what to do")
    listing.add_json(here)
    here.set_defaults(run=_list)
    pull = verbs.add_parser("pull", help="bring a Detoxify model", description=_ABOUT_PULL)
    pull.add_argument("variant", choices=VARIANTS)
    pull.add_argument(
        "--from",
        dest="mirror",
        metavar="URL",
        help="a mirror that holds VARIANT/FILE under this address",
    )
    pull.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="[HEARTH_MODELS_DIR, or models in the data directory]",
    )
    pull.add_argument(
        "--sources",
        type=Path,
        metavar="FILE",
        default=_SOURCES,
        help="another list of files and hashes, written like moderation/models/sources.toml",
    )
    pull.set_defaults(run=_pull)
    packing = verbs.add_parser("package", help="pack one for another", description=_ABOUT_PACKAGE)
    packing.add_argument("version")
    packing.add_argument("--to", type=Path, required=True, metavar="FILE", help="a .tar.gz")
    packing.set_defaults(run=_package)


def models_home(settings: Settings) -> Path:
    """Where Detoxify's models lie unless a command says otherwise."""
    return settings.models_dir or settings.data_dir / "models"


def _list(asked: argparse.Namespace, settings: Settings) -> None:
    home = models_home(settings)
    own = [_embedded(find_model(home, version)) for version in versions(home)]
    rows = [_embedded(find_model()), *own, *(_detoxify(home, variant) for variant in VARIANTS)]
    listing.show(rows, _line, as_json=asked.json)


def _line(row: listing.Row) -> str:
    size = f"{row['size_bytes'] / _MB:.1f} MB" if row["size_bytes"] else ""
    return f"{row['backend']:<9} {row['version']:<32} {size:>10}  {row['state']}: {row['words']}"


def _embedded(kept: Kept) -> dict[str, Any]:
    try:
        size_bytes = sum(kept.path(name).stat().st_size for name in kept.sha256)
    except ModerationError as error:
        return _row("embedded", kept.version, 0, "missing", str(error))
    words = "SHA-256 as registered"
    if kept.private:
        words += "; PRIVATE: trained with this community's messages, never passed on"
    return _row("embedded", kept.version, size_bytes, "here", words)


def _detoxify(home: Path, variant: str) -> dict[str, Any]:
    folder = folder_of(home, variant)
    try:
        manifest = read_manifest(folder)
        check_files(folder, manifest)
    except ModelUnavailable:
        size_mb = _described(_SOURCES, variant)["about_mb"]
        todo = f"`hearth models pull {variant}` brings about {size_mb} MB to {folder}"
        return _row("detoxify", variant, 0, "missing", todo)
    except ModelCorrupt as error:
        return _row("detoxify", variant, 0, "corrupt", f"{error}: remove {folder} and pull again")
    size_bytes = sum((folder / name).stat().st_size for name in manifest.sha256)
    return _row("detoxify", manifest.version, size_bytes, "here", _how_to_use(folder))


def _how_to_use(folder: Path) -> str:
    if not importlib.util.find_spec("detoxify"):
        return "SHA-256 as pinned, but the extra is not installed: pip install '.[detoxify]'"
    return f"SHA-256 as pinned; HEARTH_CLASSIFIER=detoxify HEARTH_MODELS_DIR={folder.resolve()}"


def _row(backend: str, version: str, size_bytes: int, state: str, words: str) -> dict[str, Any]:
    return {
        "backend": backend,
        "version": version,
        "size_bytes": size_bytes,
        "state": state,
        "words": words,
    }


def _package(asked: argparse.Namespace, settings: Settings) -> None:
    """Raises ModelPrivate, ModelUnavailable or ModelCorrupt."""
    home = models_home(settings)
    kept = find_model(home if asked.version in versions(home) else MODELS_DIR, asked.version)
    if kept.private:
        raise ModelPrivate(
            f"{kept.version} is private: it was trained with this community's messages, whose "
            "authors agreed to no other use. It is not packed."
        )
    files = {name: kept.path(name) for name in kept.sha256}
    registry = registry_of(kept)
    try:
        with tarfile.open(asked.to, "x:gz") as archive:
            for name, path in files.items():
                archive.add(path, f"{kept.version}/{name}")
            entry = tarfile.TarInfo("registry.json")
            entry.size = len(registry)
            archive.addfile(entry, io.BytesIO(registry))
    except OSError as error:
        raise FetchFailed(f"{asked.to} cannot be written ({error.strerror}).") from None
    print(f"{asked.to}: {kept.version} and its registry.")


def _pull(asked: argparse.Namespace, settings: Settings) -> None:
    checkpoint, *others = _sources(asked.sources, asked.variant, asked.mirror)
    folder = folder_of(asked.to or models_home(settings), asked.variant)
    _make(folder)
    progress = Progress(sys.stderr)
    # The small ones first: what is wrong with the place or the line shows before the long wait.
    found = {source.name: fetch(source, folder, progress) for source in (*others, checkpoint)}
    version = f"detoxify-{asked.variant}-{found[checkpoint.name][:8]}"
    write_manifest(folder, Manifest(version, checkpoint.name, found))
    print(f"{version} lies in {folder}, SHA-256 {found[checkpoint.name]}.")
    if len(checkpoint.sha256) < len(found[checkpoint.name]):
        print(
            f"Only the beginning of this hash ({checkpoint.sha256}) was known before; from now on all of it holds."
        )
    print(_how_to_use(folder))


def _sources(file: Path, variant: str, mirror: str | None) -> list[Source]:
    """The checkpoint, then what its tokenizer and configuration need."""
    try:
        raw = _described(file, variant)
        name, known = raw["checkpoint"], raw.get("sha256") or raw["sha256_prefix"]
        at = f"{mirror.rstrip('/')}/{variant}/" if mirror else None
        others = raw["files"].items()
        return [
            Source(name, (at or raw["release"]) + name, known),
            *(Source(name, (at or raw["base"]) + name, sha256) for name, sha256 in others),
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise FetchFailed(f"{file} does not say where {variant} comes from, with hashes.") from None


def _described(file: Path, variant: str) -> dict[str, Any]:
    return dict(tomllib.loads(file.read_text("utf-8"))[variant])


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FetchFailed(f"{folder} cannot be made ({error.strerror}).") from None


class Progress:
    """How far a file is: on a terminal one line that changes, elsewhere one line when it is whole."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._moves = stream, stream.isatty()
        self._shown: tuple[str, int] | None = None

    def __call__(self, name: str, have: int, whole: int | None) -> None:
        """have, whole: bytes."""
        percent = 100 * have // whole if whole else 0
        is_whole = have == whole
        if (name, percent) == self._shown or not (self._moves or is_whole):
            return
        self._shown = (name, percent)
        start, end = ("\r", "\n" if is_whole else "") if self._moves else ("", "\n")
        of = f"of {whole / _MB:.1f} MB, {percent} %" if whole else "MB"
        self._stream.write(f"{start}{name}: {have / _MB:.1f} {of}{end}")
        self._stream.flush()
