"""Guesses at passphrases and codes from one network or from a thousand, and how many of them were looked at."""

import http.client
import json
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from server.ids import new_code

_THREADS = 12
_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Guess:
    """One request. network: of which it seems to come, through a proxy that is believed."""

    path: str
    body: dict[str, Any]
    network: int = 0
    token: str = ""
    device: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Answered:
    """status 0: the line broke. mark: what the device is given to keep."""

    status: int
    code: str
    mark: str = ""


def log_in(name: str, *, secret: str | None = None, code: str | None = None, **more: Any) -> Guess:
    """A try at an account, as a browser makes it."""
    return Guess(
        "/api/sessions", {"pseudonym": name, "passphrase": secret, "recovery_code": code}, **more
    )


def invited(number: int, **more: Any) -> Guess:
    """A try at an invitation."""
    body = {
        "pseudonym": f"Guest {number}", "old_enough": True, "not_an_emergency_service": True,
        "machine_reads_for_safety": True, "invitation": new_code(),
    }  # fmt: skip
    return Guess("/api/members", body, **more)


def proof(token: str, number: int) -> Guess:
    """A try at the passphrase of whoever left a session open."""
    body = {"passphrase": "another good one", "current": f"guess number {number}"}
    return Guess("/api/me/passphrase", body, token=token, network=number, method="PUT")


def ask(port: int, guess: Guess) -> Answered:
    """Send it."""
    headers = {
        "Content-Type": "application/json",
        "X-Forwarded-For": f"10.{guess.network // 250}.{guess.network % 250}.7",
    }
    if guess.token:
        headers["Authorization"] = f"Bearer {guess.token}"
    if guess.device:
        headers["Cookie"] = f"hearth-device={guess.device}"
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        line.request(guess.method, guess.path, json.dumps(guess.body), headers)
        answer = line.getresponse()
        content = json.loads(answer.read() or b"{}")
        return Answered(answer.status, str(content.get("code", "")), _mark(answer))
    except (OSError, http.client.HTTPException):
        return Answered(0, "")
    finally:
        line.close()


def _mark(answer: http.client.HTTPResponse) -> str:
    kept = (one.partition(";")[0] for one in answer.headers.get_all("set-cookie") or [])
    return next((one.partition("=")[2] for one in kept if one.startswith("hearth-device=")), "")


def ask_all(port: int, guesses: Iterable[Guess]) -> Counter[str]:
    """Many at once. How often each code came; nothing but `too_fast` means that it was looked at."""
    with ThreadPoolExecutor(_THREADS) as threads:
        answers = threads.map(lambda guess: ask(port, guess), list(guesses))
        return Counter(answer.code or str(answer.status) for answer in answers)


def looked_at(codes: Counter[str]) -> int:
    """All but those that were refused unread."""
    return codes.total() - codes["too_fast"]


def series(count: int, name: str) -> dict[str, Callable[[], list[Guess]]]:
    """Each way to guess, and the guesses."""
    numbers = range(count)
    return {
        "one_account_many_networks": lambda: [
            log_in(name, secret=f"guess number {n}", network=n) for n in numbers
        ],
        "many_accounts_one_network": lambda: [
            log_in(f"Somebody {n}", secret="the same guess", network=2_000) for n in numbers
        ],
        "codes_one_network": lambda: [
            log_in(name, code=new_code(), network=2_001) for _ in numbers
        ],
        "invitations_one_network": lambda: [invited(n, network=2_002) for n in numbers],
    }
