"""What seals the way to classifier processes on other machines: a file of its own, or made from the key file.

A machine that only reads needs no key file: `hearth keys classifiers` writes what it needs.
"""

import base64
import os
from pathlib import Path
from typing import Final

from server.errors import Misconfigured
from server.settings import Settings
from server.store.keys import KeyFile

_HEADER: Final = "hearth-classifiers-1 "
_BYTES: Final = 32


def classifier_secrets(settings: Settings) -> list[bytes]:
    """The newest first; read anew each time, for keys may be changed. Raises Misconfigured."""
    path = settings.classifiers_key_file
    if path is None:
        return KeyFile.read(settings.key_path).classifier_secrets()
    try:
        if path.stat().st_mode & 0o077:
            raise Misconfigured(
                f"HEARTH_CLASSIFIERS_KEY_FILE: others on this machine may read {path}; run: chmod 600 {path}"
            )
        header, _, text = path.read_text("ascii").strip().partition(" ")
        secret = base64.b64decode(text, validate=True)
    except (OSError, ValueError):
        raise Misconfigured(
            f"HEARTH_CLASSIFIERS_KEY_FILE: {path} cannot be read, or is none."
        ) from None
    if f"{header} " != _HEADER or len(secret) != _BYTES:
        raise Misconfigured(f"HEARTH_CLASSIFIERS_KEY_FILE: {path} is not one.")
    return [secret]


def write_secret(path: Path, secret: bytes) -> None:
    """For its owner alone, never over another file. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(_HEADER + base64.b64encode(secret).decode() + "\n")
