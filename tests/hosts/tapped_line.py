"""A local socket that hands all on to another and remembers what was said; stdlib and wire."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from draggan_wire.messages import Envelope, decode
from draggan_wire.parts import Assembler

GREETING = 64  # bytes with which ZMTP begins
MORE, LONG, COMMAND = 1, 2, 4  # of a ZMTP frame's first byte


class TappedLine:
    """Listens at `path` and connects to `target` for each connection. Close it when done."""

    def __init__(self, path: Path, target: Path) -> None:
        self._path, self._target = path, target
        self._up: list[bytearray] = []  # one for each connection
        self._down: list[bytearray] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._run, daemon=True).start()

    def asked(self) -> list[Envelope]:
        """What the editor has said so far."""
        return [envelope for stream in self._up for envelope in envelopes(bytes(stream))]

    def answered(self) -> list[Envelope]:
        """What it has been told so far, pictures as they travelled."""
        return [envelope for stream in self._down for envelope in envelopes(bytes(stream))]

    def close(self) -> None:
        self._listener.close()
        self._path.unlink()

    def _run(self) -> None:
        while True:
            try:
                guest, _ = self._listener.accept()
            except OSError:
                return
            host = socket.socket(socket.AF_UNIX)
            try:
                host.connect(str(self._target))
            except OSError:
                guest.close()
                continue
            up, down = bytearray(), bytearray()
            self._up.append(up)
            self._down.append(down)
            threading.Thread(target=_attend, args=(guest, host, up, down), daemon=True).start()


def _attend(guest: socket.socket, host: socket.socket, up: bytearray, down: bytearray) -> None:
    """One connection, to its end."""
    with guest, host:
        other = threading.Thread(target=_hand_on, args=(host, guest, down), daemon=True)
        other.start()
        _hand_on(guest, host, up)
        other.join()


def _hand_on(source: socket.socket, sink: socket.socket, said: bytearray) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            said += data
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def envelopes(stream: bytes) -> Iterator[Envelope]:
    """The whole messages in what one side of a ZMTP connection has sent."""
    assembler = Assembler(1 << 28)
    for frames in _messages(stream):
        whole = assembler.take(frames)
        if whole is not None:
            yield decode(whole)


def _messages(stream: bytes) -> Iterator[list[bytes]]:
    place, frames = GREETING, list[bytes]()
    while place + 2 <= len(stream):
        flags, wide = stream[place], 8 if stream[place] & LONG else 1
        size = int.from_bytes(stream[place + 1 : place + 1 + wide], "big")
        begin = place + 1 + wide
        place = begin + size
        if place > len(stream):
            return
        if flags & COMMAND:
            continue
        frames.append(stream[begin:place])
        if not flags & MORE:
            yield frames
            frames = []


def socket_answers(path: Path) -> bool:
    if not os.path.exists(path):
        return False
    with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
        probe.connect(str(path))
        return True
    return False
