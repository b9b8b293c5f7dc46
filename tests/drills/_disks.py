"""Disks of a drill's own: file systems in images, mounted where a server keeps its data. For root, on Linux."""

import ctypes
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

from tests.drills._servers import Circumstances, DrillServer

_OPTIONS = "loop,errors=remount-ro"
_CLONE_NEWNS = 0x00020000
_PATIENCE_S = 10.0
_PIECES = (bytes(1024 * 1024), bytes(4096), bytes(1))
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - nothing secret, and gone with the drill


def claim_mounts() -> None:
    """Let what is mounted from now on be this process's own: it ends with it, however it ends.

    Call it before there are threads. Raises SystemExit where mounting is not allowed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(_CLONE_NEWNS) != 0:
        raise SystemExit("This drill mounts file systems of its own: run it as root, on Linux.")
    _run("mount", "--make-rprivate", "/")


def scratch() -> "tempfile.TemporaryDirectory[str]":
    """A folder for images, in memory where there is room: a copy takes milliseconds."""
    return tempfile.TemporaryDirectory(
        prefix="hearth-disk-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None
    )


def make_image(path: Path, size_mib: int) -> None:
    """An empty ext4 file system, with nothing set aside for root."""
    with path.open("wb") as image:
        image.truncate(size_mib * 1024 * 1024)
    _run("mkfs.ext4", "-q", "-F", "-m", "0", path)


def copy_image(image: Path, copy: Path) -> None:
    """As it is right now: what has reached the disk, without what only memory knows."""
    _run("cp", "--sparse=always", image, copy)


def fill(disk: Path) -> Path:
    """A file that takes all the room there is left on a mounted disk; delete it to heal."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for piece in _PIECES:
            with suppress(OSError):
                while True:
                    file.write(piece)
        os.fsync(file.fileno())
    return filler


def fail(image: Path) -> None:
    """As if damage were found: the kernel lets nobody write to what is mounted from it, whatever is open."""
    Path("/sys/fs/ext4", _device_of(image).name, "trigger_fs_error").write_text("1")


def mend(image: Path, at: Path) -> None:
    """Off, checked, and on again."""
    _unmount(at)
    subprocess.run(["e2fsck", "-f", "-y", image], capture_output=True)  # 1: what it found is mended
    _run("mount", "-o", _OPTIONS, image, at)


def _device_of(image: Path) -> Path:
    found = subprocess.run(
        ["losetup", "-j", image, "-O", "NAME", "-n"], check=True, capture_output=True, text=True
    )
    return Path(found.stdout.strip())


@contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    """The file system in an image, at a folder that is made for it."""
    at.mkdir(parents=True)
    _run("mount", "-o", _OPTIONS, image, at)
    try:
        yield at
    finally:
        _unmount(at)
        at.rmdir()


@asynccontextmanager
async def server_on_a_disk(
    mib: int, changed: Mapping[str, str]
) -> AsyncIterator[tuple[DrillServer, Path]]:
    """A server that runs, with its data on a file system of this size; and the image that this lies in."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-disk-")))
        image = Path(stack.enter_context(scratch()), "disk.image")
        make_image(image, mib)
        stack.enter_context(mounted(image, folder / "data"))
        server = DrillServer(
            folder,
            Circumstances(changed=changed),
            classifier=os.environ.get("CLASSIFIER", "embedded"),
        )
        stack.callback(server.kill)
        await server.start()
        yield server, image


def _unmount(at: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while subprocess.run(["umount", at], capture_output=True).returncode != 0:
        if time.monotonic() > deadline:
            _run("umount", "--lazy", at)
            return
        time.sleep(0.1)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)
