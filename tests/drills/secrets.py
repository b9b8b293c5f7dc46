"""detect-secrets over every file of the tree and every line that its history ever added; each find was read by hand."""

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from detect_secrets.core.scan import scan_diff, scan_file
from detect_secrets.settings import default_settings

from tests.supply.licences import ROOT
from tests.supply.secrets import KINDS_OF_NO_USE, NOT_READ, Find, read_by_hand

_PLANTED = 'TOKEN = "AKIA' + 'QRSTUVWXYZ234567"\n'


def run() -> dict[str, Any]:
    """HISTORY (1: what earlier revisions held, too).

    ok: just what stands in tests/supply/secrets.toml. The control plants a key, and must be caught.
    """
    with default_settings() as settings:
        settings.disable_plugins(*KINDS_OF_NO_USE)
        settings.disable_filters(
            "detect_secrets.filters.common.is_invalid_file"
        )  # also those that are gone
        names = [name for name in _git("ls-files", "-z").split("\0") if _is_read(name)]
        in_tree = set(_of_files(names))
        in_history = set(_of_history()) if os.environ.get("HISTORY", "1") == "1" else set()
        planted = _is_a_planted_key_found()
    known = read_by_hand()
    found = in_tree | in_history
    for find in sorted(found - known):
        print(f"not read yet: {find.file}: {find.kind}: {find.digest}", flush=True)
    new, gone = len(found - known), len(known - found) if in_history else 0
    return {
        "files": len(names),
        "found_in_tree": len(in_tree),
        "found_in_history": len(in_history),
        "read_by_hand": len(found & known),
        "not_read": new,
        "listed_and_gone": gone,
        "control_caught": planted,
        "ok": not new and not gone and planted,
    }


def _of_files(names: Iterable[str]) -> Iterator[Find]:
    for name in names:
        for secret in scan_file(str(ROOT / name)):
            yield Find(name, secret.type, secret.secret_hash)


def _of_history() -> Iterator[Find]:
    """Commit by commit: a secret that was taken out again is still there for who looks."""
    for commit in _git("rev-list", "--no-merges", "HEAD").split():
        paths = [f":(exclude,glob)**/*{end}" for end in NOT_READ]
        diff = _git("show", "--format=", "--unified=0", "--no-renames", commit, "--", ".", *paths)
        if diff:
            for secret in scan_diff(diff):
                yield Find(secret.filename, secret.type, secret.secret_hash)


def _is_a_planted_key_found() -> bool:
    """In a file, and in a line that was added once."""
    with tempfile.TemporaryDirectory(prefix="hearth-secrets-") as folder:
        file = Path(folder, "settings.py")
        file.write_text(_PLANTED, encoding="utf-8")
        in_file = list(scan_file(str(file)))
    diff = f"--- a/settings.py\n+++ b/settings.py\n@@ -0,0 +1 @@\n+{_PLANTED}"
    return bool(in_file) and bool(list(scan_diff(diff)))


def _is_read(name: str) -> bool:
    return bool(name) and not name.endswith(NOT_READ) and (ROOT / name).is_file()


def _git(*arguments: str) -> str:
    done = subprocess.run(("git", *arguments), cwd=ROOT, check=True, capture_output=True)
    return done.stdout.decode(errors="replace")
