"""A relay of this command's own to a daemon on another machine, for as long as the command runs.

The other machine has to be known here: `draggand relay` with the line of an invitation, once.
Never torch.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from draggan_wire.client import Client
from draggan_wire.connection_file import LOOPBACK_HOSTS
from draggan_wire.errors import NoDaemon, WireError

STARTING_SECONDS = 30.0
ENDING_SECONDS = 5.0


def is_elsewhere(address: str | None) -> bool:
    """Whether an address is tcp:// of another machine, which only a relay speaks to."""
    if address is None or not address.startswith("tcp://"):
        return False
    host, _, _ = address[len("tcp://") :].rpartition(":")
    return host.strip("[]") not in (*LOOPBACK_HOSTS, "")


class RelayedClient(Client):
    """A client of the daemon at `address`; `close` ends its relay too.

    Raises WireError with the relay's own words where it cannot start: a machine that is not known,
    or one that is known by another key.
    """

    def __init__(self, address: str, *, name: str) -> None:
        self._relay = _Relay(address)
        try:
            self._relay.wait()
            super().__init__(f"ipc://{self._relay.socket}", name=name)
        except BaseException:
            self._relay.end()
            raise

    def close(self) -> None:
        super().close()
        self._relay.end()


class _Relay:
    """The process, and the folder of its socket, which only we can enter."""

    def __init__(self, address: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="draggan-relay-"))
        self.socket = self._folder / "s"
        self._log = self._folder / "log"
        command = [sys.executable, "-m", "draggan_daemon", "relay", "--attached"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--endpoint", f"ipc://{self.socket}", "--", address],
                stdin=subprocess.PIPE,  # it ends with this, however we end
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl+C is for us: a drag is to be stopped through it
            )

    def wait(self) -> None:
        """Returns when the socket is there."""
        deadline = time.monotonic() + STARTING_SECONDS
        while not self.socket.exists():
            if self._process.poll() is not None:
                raise self._last_words()
            if time.monotonic() > deadline:
                raise NoDaemon(
                    "The relay to the other machine took too long to start.", hint="Try again."
                )
            time.sleep(0.02)

    def end(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _last_words(self) -> WireError:
        """What `draggand` said: a sentence after its name, and a remedy below."""
        lines = self._log.read_text(errors="replace").splitlines()
        for i, line in enumerate(lines):
            if line.startswith("draggand: "):
                hint = " ".join(rest.strip() for rest in lines[i + 1 : i + 2])
                return NoDaemon(line[len("draggand: ") :], hint=hint)
        said = lines[-1] if lines else "nothing"
        return NoDaemon("The relay to the other machine ended at once.", hint=f"It said: {said}")
