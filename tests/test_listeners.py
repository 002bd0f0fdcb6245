"""The daemon's sockets: what a peer does to them must never end the process."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .faults.raw import GREETING, READY

BUSY = """
import sys, time, zmq
from pathlib import Path
from draggan_daemon.access.auth import Gatekeeper
from draggan_daemon.listeners import Listeners

context = zmq.Context()
gatekeeper = Gatekeeper(context)
listeners = Listeners(context, gatekeeper, max_bytes=1 << 20)
listeners.bind_local(Path(sys.argv[1]))
router = listeners.sockets["local"]
print("ready", flush=True)
while not router.poll(10):
    gatekeeper.answer()
time.sleep(0.5)
taken = 0
while {read} and router.poll(300):
    router.recv_multipart()
    taken += 1
listeners.close()
gatekeeper.socket.close(0)
context.term()
print(taken)
"""
MESSAGE = b"\x00\x01x"
PING = b"\x04\x07\x04PING\x00\x0a"  # libzmq is to give up in a second without a word


@pytest.mark.parametrize("read", [True, False])
def test_a_peer_that_hangs_up_with_much_unread_does_not_abort_the_process(
    tmp_path: Path, read: bool
) -> None:
    path = tmp_path / "s"
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY.format(read=read), str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(5.0)
        peer.connect(str(path))
        peer.sendall(GREETING)
        _read(peer, len(GREETING))
        peer.sendall(READY)
        assert peer.recv(2)[0] == 4  # let in
        peer.sendall(70 * MESSAGE + PING + 70 * MESSAGE + PING)
        time.sleep(0.2)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert int(out) == (140 if read else 0)


def _read(peer: socket.socket, size: int) -> None:
    while size:
        size -= len(peer.recv(size))
