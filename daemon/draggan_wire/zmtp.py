"""ZMTP 3 as a DEALER, without a socket: bytes in, messages out, and back; standard library only.

ZMTP is ZeroMQ's protocol (rfc.zeromq.org/spec/23 and /spec/37); mechanisms NULL and PLAIN. The
machine knows no sockets and no time (`connection.py` has those): fill `buffer()`, call
`received(n)`, take `messages`; write what `chunks()` hands out. Sizes are checked before anything
is allocated for them.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass
from typing import Deque, Dict, Generator, List, Optional, Sequence, Tuple

from .errors import AccessRefused, BadMessage, LimitExceeded, NoDaemon
from .pixels import MAX_BUFFER, Bytes

MORE, LONG, COMMAND = 1, 2, 4
STAGING = 1 << 16  # bytes read at once, unless a large frame is being filled
SIGNATURE = b"\xff" + bytes(8) + b"\x7f"

Parser = Generator[int, bytearray, None]  # yields how many bytes it needs, is sent exactly those


@dataclass(frozen=True)
class Credentials:
    """A user and password for PLAIN, each at most 255 bytes of UTF-8."""

    user: str
    password: str


@dataclass(frozen=True)
class FrameLimits:
    """What may come in: bytes of one frame, frames and bytes of one message, bytes of a command."""

    frame: int = MAX_BUFFER
    frames: int = 10
    message: int = 2 * MAX_BUFFER
    command: int = 4096


class Dealer:
    """One connection's protocol state. `ready` turns true when the handshake is done.

    Errors leave the machine unusable: NoDaemon (not ZeroMQ at all), AccessRefused (mechanism or
    password), LimitExceeded, BadMessage.
    """

    def __init__(
        self, *, credentials: Optional[Credentials] = None, limits: Optional[FrameLimits] = None
    ) -> None:
        self.ready = False
        self.messages: Deque[List[Bytes]] = deque()
        self._credentials = credentials
        self._limits = limits or FrameLimits()
        self._outgoing: Deque[List[Bytes]] = deque([[self._greeting()]])
        self._staging = bytearray(STAGING)
        self._parser = self._converse()
        self._wanted = bytearray(next(self._parser))
        self._filled = 0
        self._direct = False

    # Bytes in.

    def buffer(self) -> memoryview:
        """Where the next bytes belong; a large frame is filled in place."""
        self._direct = self.missing > STAGING
        return (
            memoryview(self._wanted)[self._filled :] if self._direct else memoryview(self._staging)
        )

    def received(self, count: int) -> None:
        """`count` bytes have been put into the last `buffer()`."""
        if self._direct:
            self._filled += count
            self._advance()
            return
        start = 0
        while start < count:
            taken = min(count - start, len(self._wanted) - self._filled)
            end = self._filled + taken
            self._wanted[self._filled : end] = memoryview(self._staging)[start : start + taken]
            self._filled, start = end, start + taken
            self._advance()

    @property
    def missing(self) -> int:
        """Bytes that the frame under way still wants, its head and commands alike."""
        return len(self._wanted) - self._filled

    def _advance(self) -> None:
        while self._filled == len(self._wanted):
            self._wanted = bytearray(self._parser.send(self._wanted))
            self._filled = 0

    # Bytes out.

    def send(self, frames: Sequence[Bytes]) -> None:
        """Queues one message; only after the handshake."""
        last = len(frames) - 1
        chunks: List[Bytes] = []
        for i, frame in enumerate(frames):
            size = memoryview(frame).nbytes
            chunks.append(_head(MORE if i < last else 0, size))
            chunks.append(frame)
        self._outgoing.append(chunks)

    def ping(self) -> None:
        """Queues a PING, which every live peer answers."""
        self._command(b"PING", struct.pack(">H", 0), urgent=True)

    def chunks(self) -> List[Bytes]:
        """The next message's or command's bytes, to be written whole; empty when all is out."""
        return self._outgoing.popleft() if self._outgoing else []

    @property
    def waiting(self) -> int:
        """How many messages and commands `chunks` still has."""
        return len(self._outgoing)

    def _command(self, name: bytes, body: bytes, *, urgent: bool = False) -> None:
        data = bytes([len(name)]) + name + body
        chunks: List[Bytes] = [_head(COMMAND, len(data)) + data]
        if urgent:  # before waiting messages, never inside one: a multipart may not be interrupted
            self._outgoing.appendleft(chunks)
        else:
            self._outgoing.append(chunks)

    # The conversation.

    def _greeting(self) -> bytes:
        return SIGNATURE + b"\x03\x01" + self._mechanism().ljust(20, b"\0") + bytes(32)

    def _mechanism(self) -> bytes:
        return b"PLAIN" if self._credentials else b"NULL"

    def _converse(self) -> Parser:
        yield from self._greet()
        yield from self._shake_hands()
        self.ready = True
        while True:
            yield from self._read_message()

    def _greet(self) -> Parser:
        if (yield 1) != b"\xff" or (yield 9)[8:] != b"\x7f":
            raise NoDaemon(
                "Something else than draggand listens at the address.",
                hint="Check the address, and whether another program uses the same port.",
            )
        major = (yield 1)[0]
        if major < 3:
            raise AccessRefused(
                f"The other side speaks ZMTP {major}, which has no security.",
                hint="Check the address: a current draggand speaks ZMTP 3.",
            )
        tail = yield 53
        theirs = bytes(tail[1:21]).rstrip(b"\0")
        if theirs != self._mechanism():
            raise AccessRefused(
                f"The daemon wants {theirs.decode('ascii', 'replace')!r} as the way to log in, "
                f"this program came with {self._mechanism().decode()!r}.",
                hint="Use the address and the password that the daemon printed.",
            )

    def _shake_hands(self) -> Parser:
        metadata = _property(b"Socket-Type", b"DEALER") + _property(b"Identity", b"")
        if self._credentials:
            user, password = _short(self._credentials.user), _short(self._credentials.password)
            self._command(b"HELLO", user + password)
            yield from self._expect(b"WELCOME", {})
            self._command(b"INITIATE", metadata)
        else:
            self._command(b"READY", metadata)
        theirs: Dict[bytes, bytes] = {}
        yield from self._expect(b"READY", theirs)
        if theirs.get(b"socket-type") not in (b"ROUTER", b"DEALER"):
            raise NoDaemon(
                "A ZeroMQ program that is not draggand listens at the address.",
                hint="Check the address.",
            )

    def _expect(self, wanted: bytes, metadata: Dict[bytes, bytes]) -> Parser:
        """Reads one handshake command into `metadata`; an ERROR of the peer's becomes words."""
        flags, size = yield from self._read_head()
        if not flags & COMMAND:
            raise BadMessage("The daemon sent data before the handshake.", hint="Update it.")
        name, body = _split_command(bytes((yield size)))
        if name == b"ERROR":
            raise _refusal(body)
        if name != wanted:
            raise BadMessage("The daemon broke the ZMTP handshake.", hint="Update it.")
        metadata.update(_read_metadata(body))

    def _read_message(self) -> Parser:
        """Reads one whole message into `messages`; commands come before it, and inside of it too.

        libzmq sends a heartbeat when its time has come, also between two frames of a message that
        a slow reader holds up.
        """
        frames: List[Bytes] = []
        total, more = 0, True
        while more:
            flags, size = yield from self._read_head()
            if flags & COMMAND:
                self._obey(bytes((yield size)))
                continue
            more = bool(flags & MORE)
            total += size
            if len(frames) == self._limits.frames or total > self._limits.message:
                raise LimitExceeded("A message of the daemon's is too large.", hint="Update it.")
            frames.append((yield size))
        self.messages.append(frames)

    def _read_head(self) -> Generator[int, bytearray, Tuple[int, int]]:
        """Flags and size of the next frame, checked before its body is given any memory."""
        flags = (yield 1)[0]
        if flags & ~(MORE | LONG | COMMAND) or (flags & COMMAND and flags & MORE):
            raise BadMessage("The connection carries bytes that are not ZMTP.", hint="Reconnect.")
        size = struct.unpack(">Q", (yield 8))[0] if flags & LONG else (yield 1)[0]
        if size > (self._limits.command if flags & COMMAND else self._limits.frame):
            raise LimitExceeded(
                f"The daemon announced a frame of {size} bytes, more than agreed.",
                hint="Select a smaller region, or update both sides.",
            )
        return flags, size

    def _obey(self, data: bytes) -> None:
        """A command after the handshake: PING is answered, PONG has served by arriving."""
        name, body = _split_command(data)
        if name not in (b"PING", b"PONG") or (name == b"PING" and len(body) < 2):
            raise BadMessage("The connection carries an unknown ZMTP command.", hint="Update it.")
        if name == b"PING":
            self._command(b"PONG", body[2:18], urgent=True)


def _head(flags: int, size: int) -> bytes:
    if size > 255:
        return struct.pack(">BQ", flags | LONG, size)
    return bytes((flags, size))


def _short(text: str) -> bytes:
    data = text.encode("utf-8")[:255]
    return bytes([len(data)]) + data


def _property(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def _split_command(data: bytes) -> Tuple[bytes, bytes]:
    """A command's name and the rest."""
    if data.startswith(b"^RROR"):  # libzmq 4.3 refuses PLAIN with "\x5ERROR" for "\5ERROR"
        return b"ERROR", data[5:]
    end = 1 + data[0] if data else 0
    if not 1 < end <= len(data):
        raise BadMessage("The connection carries a broken ZMTP command.", hint="Reconnect.")
    return data[1:end], data[end:]


def _read_metadata(body: bytes) -> Dict[bytes, bytes]:
    """Properties by lower-case name; raises BadMessage where lengths lie."""
    found: Dict[bytes, bytes] = {}
    while body:
        end = 1 + body[0]
        size = int.from_bytes(body[end : end + 4], "big")
        if len(body) < end + 4 + size:
            raise BadMessage("The daemon broke the ZMTP handshake.", hint="Update it.")
        found[body[1:end].lower()] = body[end + 4 : end + 4 + size]
        body = body[end + 4 + size :]
    return found


def _refusal(body: bytes) -> AccessRefused:
    """The peer's ERROR command in words (ZAP's status codes: 300, 400, 500)."""
    reason = body[1 : 1 + body[0]].decode("ascii", "replace") if body else ""
    sentence = {
        "400": "The daemon refused the user name or password.",
        "300": "The daemon could not check the password just now.",
        "500": "The daemon failed while it checked the password.",
    }.get(reason, f"The daemon refused the connection: {reason[:80] or 'no reason given'}.")
    return AccessRefused(sentence, hint="Use the address and the password that it printed.")
