"""Standard input and output as a stream to the daemon's socket: the far end of an ssh; no torch.

Each direction has a thread that copies whatever comes; an end of input is passed on as one.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress

from draggan_wire.tunnel import GREETING

CHUNK = 1 << 18  # bytes copied at once
LINGER = 5.0  # seconds that the daemon has to hang up after our input has ended


def pass_stream(daemon: socket.socket, *, source: int = 0, sink: int = 1) -> None:
    """Greets on `sink`, then copies both ways until the daemon hangs up or `sink` is closed.

    `source` and `sink` are file descriptors, `daemon` is connected and blocking.
    """
    ended = threading.Event()
    with suppress(OSError):
        _write_all(sink, memoryview(GREETING))
        for copy, where in ((_copy_in, source), (_copy_out, sink)):
            threading.Thread(target=copy, args=(where, daemon, ended), daemon=True).start()
        ended.wait()


def _copy_in(source: int, daemon: socket.socket, ended: threading.Event) -> None:
    with suppress(OSError):
        while chunk := os.read(source, CHUNK):
            daemon.sendall(chunk)
        daemon.shutdown(socket.SHUT_WR)
    threading.Timer(LINGER, ended.set).start()


def _copy_out(sink: int, daemon: socket.socket, ended: threading.Event) -> None:
    buffer = memoryview(bytearray(CHUNK))
    with suppress(OSError):
        while count := daemon.recv_into(buffer):
            _write_all(sink, buffer[:count])
    ended.set()


def _write_all(sink: int, data: memoryview) -> None:
    while data:
        data = data[os.write(sink, data) :]
