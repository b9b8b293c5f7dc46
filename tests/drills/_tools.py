"""Programs that a drill needs and this machine may lack: found, or installed through apt-get where we may."""

import os
import shutil
import subprocess
from pathlib import Path


def need(program: str) -> Path:
    """Where it is; its Debian package has its name. Raises SystemExit, saying what to install."""
    found = shutil.which(program)
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt("update")
        _apt("install", "-y", "--no-install-recommends", program)
        found = shutil.which(program)
    if not found:
        raise SystemExit(f"This drill needs {program}: sudo apt-get install {program}")
    return Path(found)


def _apt(*arguments: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-q", *arguments], env=environment, capture_output=True)
