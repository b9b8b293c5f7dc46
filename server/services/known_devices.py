"""Devices that came in before: whoever guesses elsewhere cannot keep an account's owner out on these."""

import hashlib
import hmac
import secrets


class KnownDevices:
    """Marks that a browser keeps, each for one account. Nothing of them is stored here.

    secret: 32 bytes of the server's own.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def mark(self, account: str) -> str:
        """A new mark for a device that just proved whose it is."""
        number = secrets.token_urlsafe(16)
        return f"{number}.{self._sign(account, number)}"

    def find(self, account: str, mark: str | None) -> str | None:
        """The device's own number; None where the mark is none, or another account's."""
        number, _, signature = (mark or "").partition(".")
        is_ours = hmac.compare_digest(signature.encode(), self._sign(account, number).encode())
        return number if is_ours else None

    def _sign(self, account: str, number: str) -> str:
        return hmac.new(self._secret, f"{number}|{account}".encode(), hashlib.sha256).hexdigest()
