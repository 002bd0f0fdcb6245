"""A real daemon behind a slow network: CURVE, a link of 50 Mbit/s and 40 ms, `draggand relay`.

What a user has who works on a laptop and computes on another machine, but for the second machine.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from draggan_daemon.bench.link import LinkSpeed
from draggan_daemon.bench.link_process import LinkProcess

from tests.hosts.daemon import PROJECT, SERVE, SOCKET, RealDaemon
from tests.hosts.tapped_line import TappedLine, socket_answers

SPEED = LinkSpeed(bits_per_second=50e6, delay=0.02)
SECONDS = 30


class FarDaemon:
    """`folder` is what the editor sees of it: a socket as that of a daemon of its own computer.

    `line` is what is said there; `near` is the daemon itself, at its own socket.
    """

    def __init__(self, logs: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dg"))
        port = _free_port()
        listen = f"127.0.0.1:{port}"
        self.near = RealDaemon(logs / "far_daemon.log", command=(*SERVE, "--listen", listen))
        self._log = logs / "relay.log"
        self._stack = ExitStack()
        self._stack.callback(shutil.rmtree, self.folder)
        self._stack.callback(self.near.close)
        try:
            self._begin(listen)
        except BaseException:
            self._stack.close()
            raise

    def cut(self) -> None:
        """The network is silent, as after somebody has pulled the cable."""
        self._link.say("cut")

    def restore(self) -> None:
        self._link.say("restore")

    def close(self) -> None:
        self._stack.close()

    def _begin(self, listen: str) -> None:
        line = self._program("invite", "guest", "--host", "127.0.0.1").strip()
        self.near.start()
        self._link = LinkProcess("tcp://127.0.0.1:0", f"tcp://{listen}", SPEED)
        self._stack.callback(self._link.close)
        there = self._link.address.removeprefix("tcp://")
        self._relay(line.replace(_host_of(line), there))
        self.line = TappedLine(self.folder / SOCKET, self._relayed)
        self._stack.callback(self.line.close)

    @property
    def _relayed(self) -> Path:
        return self.folder / "relay" / SOCKET

    def _relay(self, line: str) -> None:
        # Another computer has keys of its own.
        home = {"XDG_CONFIG_HOME": str(self.folder / "config")}
        words = ("relay", line, "--endpoint", f"ipc://{self._relayed}")
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "draggan_daemon", *words],
                cwd=PROJECT,
                env={**os.environ, **home},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._stack.callback(_end, process)
        end = time.monotonic() + SECONDS
        while not socket_answers(self._relayed):
            if time.monotonic() > end or process.poll() is not None:
                raise RuntimeError(f"The relay does not answer; see {self._log}.")
            time.sleep(0.05)

    def _program(self, *words: str) -> str:
        command: Sequence[str] = [sys.executable, "-m", "draggan_daemon", *words]
        done = subprocess.run(
            command, cwd=PROJECT, env=self.near.environment, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"draggand {words[0]}: {done.stderr}")
        return done.stdout


def _host_of(line: str) -> str:
    """`host:port` of `draggand://NAME@host:port/KEYS`."""
    return line.partition("@")[2].partition("/")[0]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
