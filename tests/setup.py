"""Set up what tests need: `python3 -m tests.setup`, with the standard library alone.

The environment for development, Detoxify on CPU torch, and from Debian a browser, PostgreSQL and
Redis. What cannot be had is named, with what to install, and the set-up fails.
"""

from __future__ import annotations

import os
import shutil
import sys

from server import bootstrap
from server.bootstrap import ROOT, SetUpError, Step
from tests import installed


def main() -> int:
    """Set up; the exit status."""
    return bootstrap.guarded(set_up)


def set_up() -> None:
    """Everything for the tests. Raises SetUpError."""
    bootstrap.set_up([*bootstrap.dev_steps(), services_step()])
    try:
        bootstrap.set_up([bootstrap.extra_step("detoxify", "detoxify")])
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


if __name__ == "__main__":
    sys.exit(main())
