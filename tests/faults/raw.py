"""Strangers: sockets that speak whatever they like to a daemon's listener."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import suppress

from draggan_wire.endpoint import parse_endpoint
from draggan_wire.pixels import Bytes

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06DEALER"


def connect(endpoint: str) -> socket.socket:
    """A connected socket; waits where too many others are about to be let in."""
    where = parse_endpoint(endpoint)
    sock = socket.socket(socket.AF_UNIX if where.path else socket.AF_INET)
    sock.connect(where.path or (where.host, where.port))
    sock.settimeout(5.0)
    return sock


def cross_protocol_post(frames: list[Bytes]) -> bytes:
    """What a web page can send without being asked: a POST whose body is ZMTP/1.0 frames.

    libzmq takes a first byte other than 0xff for ZMTP/1.0: 'P' is the length of a first frame, the
    80 bytes after it are that frame. The address is padded so that the next length, 'z', spans the
    rest of the request's head, and the body is read as frames of their own.
    """
    body = b"".join(_old_frame(frame, more=i < len(frames) - 1) for i, frame in enumerate(frames))
    rest = b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
    tail = rest % len(body)
    before = b"POST /" + b"a" * (81 - len(b"POST /"))  # the first frame, up to its last byte
    span = ord("z")  # bytes after the length: even ones as flags say that no more frames follow
    padding = b"b" * (span - len(tail))
    return before + b"z" + padding + tail + body


def garbage(seed: int) -> Iterator[bytes]:
    """First words of strangers, without end."""
    chance = random.Random(seed)
    while True:
        half = GREETING[: chance.randrange(len(GREETING))]
        yield chance.choice(
            (
                chance.randbytes(chance.choice((1, 10, 64, 500, 9000))),
                half,
                half + chance.randbytes(60),
                GREETING,
                GREETING + chance.randbytes(200),
                GREETING + READY + chance.randbytes(300),
                GREETING + READY + b"\x02" + b"\x7f" * 8,  # a frame of nine quintillion bytes
                GREETING.replace(b"NULL\0", b"CURVE") + chance.randbytes(200),
                GREETING.replace(b"NULL\0", b"PLAIN") + b"\x04\x1a\x05HELLO\x04anna\x0epassword",
                b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(200),  # TLS
                b"SSH-2.0-OpenSSH_9.2\r\n",
                b"",
            )
        )


def throw(endpoint: str, words: bytes) -> None:
    """Says it and leaves, whatever becomes of it."""
    with suppress(OSError), connect(endpoint) as sock:
        sock.sendall(words)


def _old_frame(data: Bytes, *, more: bool) -> bytes:
    """A ZMTP/1.0 frame: length (with the flags' byte), flags, body."""
    size = memoryview(data).nbytes + 1
    head = bytes([size]) if size < 255 else b"\xff" + size.to_bytes(8, "big")
    return head + bytes([more]) + bytes(data)
