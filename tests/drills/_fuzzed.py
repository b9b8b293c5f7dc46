"""One parser of ours under atheris, for the drill fuzz-bytes: `python -m tests.drills._fuzzed NAME SECONDS FOLDER`.

FOLDER/slow: inputs that took a processor too long, twice, one in hex on each line.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["server", "moderation"]):
    from moderation.lexicon import find
    from moderation.normalise import normalise, unmask
    from moderation.policy_text import check_policy
    from server.api import frames_in
    from server.errors import Misconfigured, ServerError
    from server.ids import read_code
    from server.measures.reading import BadMeasureError, read
    from server.services import names
    from server.settings import PREFIX, Settings, read_settings

_SLOW_S = 0.05
_MOST_BYTES = 20_000


def _frame(data: bytes) -> None:
    text = data.decode("utf-8", "surrogatepass")
    frames_in._check(text, frames_in._parse(text))


def _words(data: bytes) -> None:
    text = data.decode(errors="replace")
    normalise(text)
    unmask(text)
    find(text)


def _name(data: bytes) -> None:
    text = data.decode(errors="replace")
    read_code(text)
    names.name_key(names.check_name(text))


def _setting(data: bytes) -> None:
    """The first byte names it."""
    known = sorted(Settings.model_fields)
    name = known[data[0] % len(known)] if data else known[0]
    value = data[1:].decode(errors="replace").replace("\0", "")
    read_settings({f"{PREFIX}{name}".upper(): value})


def _policy(data: bytes) -> None:
    check_policy(data.decode(errors="replace"))


def _measure(data: bytes) -> None:
    read(data.decode(errors="replace"))


def _careless(data: bytes) -> None:
    """For the control: falls over whatever is no JSON."""
    json.loads(data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "frame": _frame, "words": _words, "name": _name, "setting": _setting, "policy": _policy,
    "measure": _measure, "careless": _careless,
}  # fmt: skip
_REFUSALS: tuple[type[Exception], ...] = (
    ServerError,
    Misconfigured,
    BadMeasureError,
    UnicodeDecodeError,
)


def main(name: str, seconds: str, folder: str) -> None:
    """Until the time is over, or something goes wrong: then what went in lies in the folder."""
    target, slow = TARGETS[name], Path(folder, "slow")

    def took_s(data: bytes) -> float:
        began = time.process_time()
        with suppress(*_REFUSALS):
            target(data)
        return time.process_time() - began

    def once(data: bytes) -> None:
        if took_s(data) > _SLOW_S and took_s(data) > _SLOW_S:
            with slow.open("a") as file:
                file.write(f"{data.hex()}\n")

    options = (
        f"-max_total_time={seconds}", f"-max_len={_MOST_BYTES}", "-rss_limit_mb=2048",
        f"-artifact_prefix={folder}/", "-print_final_stats=1", "-verbosity=1",
    )  # fmt: skip
    atheris.Setup([name, *options, folder], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
