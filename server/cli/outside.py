"""Looking at our own pages from outside, as a browser would: is the way there safe?"""

import http.client
import socket
import ssl
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from server.settings import Settings

_LIMIT_S = 5.0
_SOON = timedelta(days=14)
_WANTED = (
    "content-security-policy",
    "cross-origin-opener-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-frame-options",
)


def certificate(origin: str, trusted: ssl.SSLContext | None = None) -> tuple[bool, str]:
    """Whether browsers would trust it, and for how long still. trusted: by whom; None: as this system does."""
    host, port = _host(origin), urlsplit(origin).port or 443
    context = trusted or ssl.create_default_context()
    try:
        with (
            socket.create_connection((host, port), timeout=_LIMIT_S) as line,
            context.wrap_socket(line, server_hostname=host) as secured,
        ):
            found = secured.getpeercert() or {}
            spoken = secured.version()
    except ssl.SSLCertVerificationError as error:
        return False, f"{origin}: browsers will not trust its certificate ({error.verify_message})."
    except ssl.SSLError as error:
        return False, f"{origin} does not speak TLS ({error.reason})."
    except OSError as error:
        return False, f"{origin} cannot be reached from here ({type(error).__name__})."
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC)
    left = until - datetime.now(UTC)
    words = f"{origin}, {spoken}; the certificate is good until {until:%Y-%m-%d}"
    if left < _SOON:
        return False, f"{words}: {left.days} days. Is anything renewing it?"
    return True, f"{words}."


def headers(settings: Settings) -> tuple[bool, str]:
    """Whether our headers arrive whole, at the address browsers use; a proxy may take some or add its own."""
    try:
        status, found = _ask(settings)
    except (OSError, http.client.HTTPException) as error:
        if settings.is_loopback:
            return True, "Hearth does not run at this moment: nothing was looked at."
        return False, f"{settings.origin} does not answer ({type(error).__name__})."
    missing = [name for name in _WANTED if name not in found]
    if settings.is_https and "strict-transport-security" not in found:
        missing.append("strict-transport-security")
    if missing:
        return (
            False,
            f"{settings.origin} answers {status} without: {', '.join(missing)}. Does a proxy drop them?",
        )
    if any(len(found[name]) > 1 for name in _WANTED):
        return (
            False,
            f"{settings.origin} sends a header twice: a proxy adds what Hearth says already.",
        )
    return (
        True,
        f"{settings.origin} sends all {len(_WANTED) + settings.is_https} that keep a page ours.",
    )


def _ask(settings: Settings) -> tuple[int, dict[str, list[str]]]:
    """The status, and each header with all its values. Raises OSError, HTTPException."""
    parts = urlsplit(settings.origin)
    kind = http.client.HTTPSConnection if settings.is_https else http.client.HTTPConnection
    with closing(kind(_host(settings.origin), parts.port, timeout=_LIMIT_S)) as line:
        line.request("GET", "/crisis")
        answer = line.getresponse()
        found: dict[str, list[str]] = {}
        for name, value in answer.getheaders():
            found.setdefault(name.lower(), []).append(value)
        return answer.status, found


def _host(origin: str) -> str:
    return urlsplit(origin).hostname or ""
