"""Where a classifier process listens: a Unix socket, or a host and port inside a private network."""

from dataclasses import dataclass
from pathlib import Path

from server.errors import Misconfigured
from server.settings import CLASSIFIER_ADDRESS

_LONGEST_PATH = 100
"""Bytes. The kernel takes 107, and the file has a longer name for the moment in which it is made."""


@dataclass(frozen=True, slots=True)
class Address:
    """path: of a Unix socket; then host and port say nothing."""

    path: Path | None = None
    host: str = ""
    port: int = 0

    @classmethod
    def read(cls, text: str) -> "Address":
        """unix:PATH, HOST:PORT or [ADDRESS]:PORT. Raises Misconfigured."""
        if not CLASSIFIER_ADDRESS.fullmatch(text):
            raise Misconfigured("A classifier's address is unix:/PATH or HOST:PORT.")
        if text.startswith("unix:"):
            path = Path(text.removeprefix("unix:"))
            if len(bytes(path)) > _LONGEST_PATH:
                raise Misconfigured(
                    f"A Unix socket's path has at most {_LONGEST_PATH} bytes: choose a shorter one."
                )
            return cls(path)
        host, _, port = text.rpartition(":")
        return cls(None, host.strip("[]"), int(port))

    def __str__(self) -> str:
        """As it is written in settings."""
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
