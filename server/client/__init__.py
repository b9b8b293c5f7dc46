"""A client for programs, on asyncio: the reference for whoever writes another one.

    from server.client import Client, Http

    entered = await Http("http://127.0.0.1:8000").sign_up("Willow")
    async with Client("http://127.0.0.1:8000", entered.token) as client:
        await client.join(room)
        answer = await client.post(room, "Hello.")          # Posted, Nudge, Held or Refused
        with client.listening() as frames:
            async for frame in frames: ...

What it promises, as long as the program runs: each post is said once, however often the line breaks;
each room is heard in order, once, without gaps. docs/client.md says more of it, and how to write a
program; docs/protocol.md says what the server promises; tests/conformance/ holds every client to it.
"""

from server.client.back_off import BackOff
from server.client.client import Client
from server.client.errors import ClientError, Declined, Left, SessionOver, Unreachable
from server.client.http import Http
from server.client.line import Answer

__all__ = [
    "Answer",
    "BackOff",
    "Client",
    "ClientError",
    "Declined",
    "Http",
    "Left",
    "SessionOver",
    "Unreachable",
]
