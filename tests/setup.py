"""Set up what tests need: `python3 -m tests.setup`, with the standard library alone.

The environment for development, Detoxify on CPU torch, and from Debian a browser, PostgreSQL and
Redis. What cannot be had is named, with what to install, and the set-up fails.
"""

from __future__ import annotations

import os
import shutil
import sys
from functools import partial

from server import bootstrap
from server.bootstrap import ROOT, SetUpError, Step
from tests import installed

CPU_TORCH = "https://download.pytorch.org/whl/cpu"


def main() -> int:
    """Set up; the exit status."""
    return bootstrap.guarded(set_up)


def set_up() -> None:
    """Everything for the tests. Raises SetUpError."""
    bootstrap.set_up([*bootstrap.dev_steps(), services_step()])
    try:
        bootstrap.set_up([detoxify_step()])
    except SetUpError as error:
        if os.environ.get("TEST_REQUIRE_DETOXIFY"):
            raise
        print(f"{error}\nGoing on without: the tests marked `detoxify` will not run.", flush=True)


def services_step() -> Step:
    """Done when nothing is missing, whoever installed it."""
    product = ROOT / (".setup/none" if installed.missing() else ".setup")
    return Step("services", product, [], install_services)


def install_services() -> None:
    """Install what is missing through apt-get, where we may. Raises SetUpError."""
    names = installed.missing()
    if not names:
        return
    apt = shutil.which("apt-get")
    if not apt or os.geteuid() != 0:
        raise SetUpError(installed.how_to_install(names))
    packages = [package for name in names for package in installed.DEBIAN_PACKAGES[name]]
    quiet = ("env", "DEBIAN_FRONTEND=noninteractive", apt, "-q", "-y")
    bootstrap.run("list of Debian packages", *quiet, "update")
    install = ("install", "--no-install-recommends", *packages)
    bootstrap.run(f"Debian packages {' '.join(packages)}", *quiet, *install)
    if left := installed.missing():
        raise SetUpError(installed.how_to_install(left))


def detoxify_step() -> Step:
    """The extra `detoxify`, as pyproject.toml pins it."""
    product = bootstrap.site_packages() / "detoxify"
    return Step("detoxify", product, [ROOT / "pyproject.toml"], install_detoxify)


def install_detoxify() -> None:
    """From this machine's package sources, or else from PyTorch's own. Raises SetUpError."""
    import tomllib  # Python 3.11; older ones were refused by now

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [cpu_build(one) for one in project["optional-dependencies"]["detoxify"]]
    install = partial(bootstrap.pip, "--retries", "1", "--timeout", "15", *wanted)
    try:
        bootstrap.run("Detoxify on CPU torch, from this machine's package sources", *install())
    except SetUpError:
        bootstrap.run(
            "Detoxify on CPU torch, from PyTorch", *install("--extra-index-url", CPU_TORCH)
        )


def cpu_build(requirement: str) -> str:
    """On Linux exactly the CPU build, since the plain one brings CUDA; elsewhere that is one."""
    torch_on_linux = requirement.startswith("torch==") and sys.platform == "linux"
    return f"{requirement}+cpu" if torch_on_linux else requirement


if __name__ == "__main__":
    sys.exit(main())
