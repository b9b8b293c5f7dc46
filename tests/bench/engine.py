"""The load generator's core: one thread, one epoll, as little Python per delivery as possible.

A *session* is one member's connection. The engine reads its socket and hands the bytes to
`session.feed(data)`. Chat texts carry a marker; whoever parses the bytes calls `engine.hit(marker)`
once for each marker seen, which is one delivery.

Markers cycle, so that texts come again and a server that remembers what it thought of a text can do
so: message `seq` carries `seq % cycle`, and what arrives is taken for the newest message with that
marker. `post_when_free` waits before a marker is used again while its message is still on its way.

All times are time.perf_counter_ns() of this one process: the same clock at both ends. A delivery's
latency runs from just before the sending system call to just after the member's bytes were read.
"""

from __future__ import annotations

import array
import errno
import gc
import os
import random
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from tests.bench.texts import MARKERS, make_text

now = time.perf_counter_ns
CYCLE: Final = int(os.environ.get("BENCH_CYCLE", "512"))
MOST_MESSAGES: Final = 2_000_000
_READ_BYTES: Final = 32_768
_MOST_EVENTS: Final = 4_096
_KEPT_ERRORS: Final = 20


class Session:
    """A member's connection. Subclasses speak one protocol each."""

    joined = False
    closed = False

    def __init__(self, engine: Engine, index: int) -> None:
        self.engine = engine
        self.index = index
        self.rest = b""
        self.socket: socket.socket
        self.fd = -1
        self.opened_at = 0
        self.connecting = False
        self.unsent = b""

    def start(self) -> None:
        """TCP is up: send the first bytes of the handshake."""
        raise NotImplementedError

    def feed(self, data: bytes) -> None:
        """Bytes came in."""
        raise NotImplementedError

    def say(self, text: str, seq: int) -> None:
        """Post a text into the room."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        """Send now, or when the socket takes more."""
        if self.unsent:
            self.unsent += data
            return
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self.engine.drop(self, f"write: {error}")
            return
        if sent < len(data):
            self.unsent = data[sent:]
            self.engine.watch(self, writes=True)

    def flush(self) -> None:
        """Send what waited."""
        try:
            sent = self.socket.send(self.unsent)
        except BlockingIOError:
            return
        self.unsent = self.unsent[sent:]
        if not self.unsent:
            self.engine.watch(self, writes=False)

    def set_joined(self) -> None:
        """The member is in the room."""
        if not self.joined:
            self.joined = True
            self.engine.joined += 1
            self.engine.pending -= 1
            self.engine.join_ns.append(now() - self.opened_at)


class Engine:
    """Sessions, messages on their way, and how long each delivery took.

    unique: every text is new, also against another engine's, so that no answer is known beforehand.
    """

    def __init__(self, *, unique: bool = False, cycle: int = CYCLE) -> None:
        self.epoll = select.epoll()
        self.by_fd: dict[int, Session] = {}
        self.sessions: list[Session] = []
        self.joined = 0
        self.pending = 0
        self.dropped = 0
        self.join_ns: list[int] = []
        self.errors: list[str] = []
        self.cycle = MARKERS if unique else cycle
        self.first_marker = random.randrange(MARKERS) if unique else 0
        self.receive_buffer_bytes = 0
        """Of sessions opened from now on; 0: as the system has it."""
        self.seq = 0
        self.sent = array.array("q", bytes(8 * 1024))  # seq -> send time, ns
        self.left = array.array("i", bytes(4 * 1024))  # seq -> deliveries still due
        self.on_done: Callable[[int], None] | None = None
        """Called with a seq when all have it."""
        self.reset_figures()

    def reset_figures(self) -> None:
        """Begin to measure anew."""
        self.first_seq = self.seq
        self.delivery_us = array.array("I")
        self.done_us = array.array("I")  # send -> the last member has it
        self.ack_us = array.array("I")  # send -> the sender's own acknowledgement
        self.completed = 0
        self.doubled = 0

    # --- connections ---

    def open(self, session: Session, host: str, port: int) -> None:
        """Begin to connect."""
        line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.receive_buffer_bytes:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer_bytes)
        line.setblocking(False)
        session.opened_at = now()
        line.connect_ex((host, port))
        session.socket, session.fd = line, line.fileno()
        session.connecting = True
        self.by_fd[session.fd] = session
        self.sessions.append(session)
        self.pending += 1
        self.epoll.register(session.fd, select.EPOLLIN | select.EPOLLOUT)

    def watch(self, session: Session, *, writes: bool) -> None:
        """Hear of what can be read and, if `writes`, of room to write."""
        self.epoll.modify(session.fd, select.EPOLLIN | (select.EPOLLOUT if writes else 0))

    def ignore(self, session: Session) -> None:
        """Never read from it again; its connection stays open."""
        self.epoll.unregister(session.fd)

    def end(self, session: Session) -> None:
        """Close one connection; what it was asked is no longer read."""
        session.closed = True
        self.by_fd.pop(session.fd, None)
        session.socket.close()

    def drop(self, session: Session, why: str) -> None:
        """A connection that ended before we ended it."""
        if session.closed:
            return
        session.closed = True
        self.dropped += 1
        if not session.joined:
            self.pending -= 1
        self.note(f"session {session.index}: {why}")
        self.epoll.unregister(session.fd)
        self.by_fd.pop(session.fd, None)
        session.socket.close()

    def note(self, error: str) -> None:
        """Keep the first few of what went wrong."""
        if len(self.errors) < _KEPT_ERRORS:
            self.errors.append(error)

    def close(self) -> None:
        """End every connection."""
        for session in self.sessions:
            if not session.closed:
                self.end(session)
        self.epoll.close()

    # --- the loop ---

    def poll(self, timeout_s: float) -> int:
        """One round: wait at most so long, read whatever is ready."""
        events = self.epoll.poll(timeout_s, _MOST_EVENTS)
        by_fd, read = self.by_fd, os.read
        for fd, event in events:
            session = by_fd.get(fd)
            if session is None:
                continue
            if event == 1:  # EPOLLIN alone: the hot path
                try:
                    data = read(fd, _READ_BYTES)
                except BlockingIOError:
                    continue
                except OSError as error:
                    self.drop(session, f"read: {_name(error.errno)}")
                    continue
                if data:
                    session.feed(data)
                else:
                    self.drop(session, "closed by the server")
            else:
                self._on_rare_event(session, event)
        return len(events)

    def _on_rare_event(self, session: Session, event: int) -> None:
        if session.connecting and event & (select.EPOLLOUT | select.EPOLLERR | select.EPOLLHUP):
            self._on_connected(session)
            return
        if event & select.EPOLLOUT and session.unsent:
            try:
                session.flush()
            except OSError as error:
                self.drop(session, f"write: {error}")
                return
        if event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP):
            self._read_carefully(session)

    def _on_connected(self, session: Session) -> None:
        error = session.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self.drop(session, f"connect: {_name(error)}")
            return
        session.connecting = False
        self.watch(session, writes=False)
        session.start()

    def _read_carefully(self, session: Session) -> None:
        try:
            data = os.read(session.fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self.drop(session, f"read: {error}")
            return
        if data:
            session.feed(data)
        else:
            self.drop(session, "closed by the server")

    def run_for(self, seconds: float) -> None:
        """Read for so long."""
        end = now() + int(seconds * 1e9)
        while (left := end - now()) > 0:
            self.poll(left / 1e9)

    def run_until(self, is_so: Callable[[], bool], timeout_s: float) -> bool:
        """Read until it is so; False when that takes too long."""
        end = now() + int(timeout_s * 1e9)
        while not is_so():
            left = end - now()
            if left <= 0:
                return False
            self.poll(min(left / 1e9, 0.05))
        return True

    def connect_all(
        self, sessions: Iterable[Session], port: int, *, at_once: int = 32, timeout_s: float = 300.0
    ) -> float:
        """Open and join all sessions, `at_once` at a time; returns the seconds taken."""
        to_open = deque(sessions)
        wanted = self.joined + len(to_open)
        began = now()
        end = began + int(timeout_s * 1e9)
        while self.joined < wanted and now() < end:
            while to_open and self.pending < at_once:
                self.open(to_open.popleft(), "127.0.0.1", port)
            self.poll(0.05)
            if self.dropped and self.dropped + self.joined >= wanted and not self.pending:
                break
        return (now() - began) / 1e9

    # --- messages ---

    def post(self, session: Session, due: int, size_bytes: int = 120) -> int:
        """Say the next text; `due`: how many shall receive it. Returns its seq."""
        seq = self.new_seq(due)
        session.say(make_text((self.first_marker + seq) % self.cycle, size_bytes), seq)
        return seq

    def post_when_free(self, session: Session, due: int, size_bytes: int = 120) -> int:
        """As `post`, but first the last message with the same marker has arrived, or is given up."""
        before = self.seq - self.cycle
        if before >= 0 and self.left[before] > 0:
            self.run_until(lambda: self.left[before] <= 0, 5.0)
        return self.post(session, due, size_bytes)

    def new_seq(self, due: int) -> int:
        """The next message, sent now."""
        seq = self.seq
        self.seq += 1
        if seq >= len(self.sent):
            if seq >= MOST_MESSAGES:
                raise RuntimeError("too many messages for one run")
            self.sent.extend(array.array("q", bytes(8 * len(self.sent))))
            self.left.extend(array.array("i", bytes(4 * len(self.left))))
        self.left[seq] = due
        self.sent[seq] = now()
        return seq

    def seq_of(self, marker: int) -> int:
        """The newest message with this marker."""
        newest = self.seq - 1
        return newest - (newest + self.first_marker - marker) % self.cycle

    def hit(self, marker: int) -> None:
        """One member has received the newest message with this marker."""
        at = now()
        newest = self.seq - 1
        seq = newest - (newest + self.first_marker - marker) % self.cycle
        self.delivery_us.append((at - self.sent[seq]) // 1000)
        left = self.left[seq] - 1
        self.left[seq] = left
        if left <= 0:
            if left < 0:
                self.doubled += 1
                return
            self.completed += 1
            self.done_us.append((at - self.sent[seq]) // 1000)
            if self.on_done is not None:
                self.on_done(seq)

    def ack(self, seq: int) -> None:
        """The sender was told that message `seq` is accepted."""
        self.ack_us.append((now() - self.sent[seq]) // 1000)

    def missing(self) -> int:
        """Deliveries still due of what was posted since `reset_figures`."""
        return sum(left for left in self.left[self.first_seq : self.seq] if left > 0)


def quantiles_ms(values_us: Iterable[int]) -> dict[str, Any]:
    """p50, p90, p99, p99.9 and max in milliseconds, of microseconds."""
    ordered = sorted(values_us)
    n = len(ordered)
    if not n:
        return {"n": 0}
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
    found = {name: ordered[min(n - 1, int(p * n))] / 1000.0 for name, p in shares.items()}
    return {"n": n} | found | {"max": ordered[-1] / 1000.0}


def quiet_gc() -> None:
    """No garbage collector pauses in the generator."""
    gc.collect()
    gc.freeze()
    gc.disable()


def _name(error: int | None) -> str:
    return errno.errorcode.get(error or 0, str(error))
