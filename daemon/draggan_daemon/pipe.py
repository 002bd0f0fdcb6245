"""Whole messages over a stream socket, between a process and its child; standard library only.

A message is a list of buffers: magic, their number, their sizes, then their bytes one after the
other. Nothing is copied in sending; in receiving the bytes come into one piece of memory that all
buffers of the message share.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Callable, Sequence

from draggan_wire.pixels import Bytes

MAGIC = b"DGP1"
MAX_BUFFERS = 1 << 16
MAX_BYTES = 1 << 31  # of one message: a picture, its model's tuning and a long timeline
AT_ONCE = 256  # buffers in one system call
ROOM = 1 << 20  # what the system may keep of what is on its way; it may allow less

_BEGIN = struct.Struct("<4sI")


class PipeBroken(Exception):
    """What came is no message of the other side's."""


class Pipe:
    """One end. `send` may be called by any thread, `receive` by one."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(True)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            connected.setsockopt(socket.SOL_SOCKET, option, ROOM)
        self._socket = connected
        self._sending = threading.Lock()
        self._readable = select.poll()
        self._readable.register(connected, select.POLLIN)

    def send(self, buffers: Sequence[Bytes]) -> None:
        """Blocks until the message is written; raises OSError when nobody will read it."""
        views = [memoryview(buffer).cast("B") for buffer in buffers]
        sizes = [view.nbytes for view in views]
        head = MAGIC + struct.pack(f"<I{len(sizes)}Q", len(sizes), *sizes)
        with self._sending:
            self._write([memoryview(head), *(view for view in views if view.nbytes)])

    def receive(
        self, tick: Callable[[], None] = lambda: None, *, every: float = 3600.0
    ) -> list[memoryview]:
        """The next message's buffers; waits for it, calling `tick` every so many seconds.

        Raises EOFError when the other end is closed, PipeBroken for what is no message, and what
        `tick` raises.
        """
        magic, count = _BEGIN.unpack(self._read(_BEGIN.size, tick, every))
        if magic != MAGIC or count > MAX_BUFFERS:
            raise PipeBroken("no message begins so")
        sizes = struct.unpack(f"<{count}Q", self._read(8 * count, tick, every))
        if (total := sum(sizes)) > MAX_BYTES:
            raise PipeBroken(f"a message of {total} bytes is none")
        data, start, buffers = memoryview(self._read(total, tick, every)), 0, []
        for size in sizes:
            buffers.append(data[start : start + size])
            start += size
        return buffers

    def shut(self) -> None:
        """Nothing can be sent or received any more, and who waits for it is woken."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the other end was first

    def close(self) -> None:
        """After `shut`, once no thread uses the pipe."""
        self._socket.close()

    def _write(self, views: list[memoryview]) -> None:
        while views:
            sent = self._socket.sendmsg(views[:AT_ONCE])
            while views and sent >= views[0].nbytes:
                sent -= views.pop(0).nbytes
            if sent:
                views[0] = views[0][sent:]

    def _read(self, size: int, tick: Callable[[], None], every: float) -> bytearray:
        data = bytearray(size)
        rest = memoryview(data)
        while rest.nbytes:
            if not self._readable.poll(1000 * every):
                tick()
                continue
            try:
                count = self._socket.recv_into(rest)
            except ConnectionResetError:
                count = 0
            if not count:
                raise EOFError("the other end is closed")
            rest = rest[count:]
        return data
