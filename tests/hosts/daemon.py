"""A real `draggand serve` for host tests, in a socket folder of its own; no torch in here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

SECONDS = 60
PROJECT = Path(__file__).resolve().parent.parent.parent
# One core is the editor's.
SERVE = ("-m", "draggan_daemon", "serve", "--threads", "1", "--device", "cpu", "-v")
SOCKET = "draggand.sock"


class Reachable(Protocol):
    """What an editor needs of a daemon: the folder in which its socket lies."""

    folder: Path


class RealDaemon:
    """One daemon process at a time; kill and start are what users' computers do to it.

    `command` is what Python is asked to run.
    """

    def __init__(self, log: Path, *, command: Sequence[str] = SERVE) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dg"))  # socket paths must be short
        self.log = log
        self._homes = Path(tempfile.mkdtemp(prefix="dg"))
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when the daemon answers; raises RuntimeError when it does not within a minute."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self._command],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + SECONDS
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                raise RuntimeError(f"The daemon does not answer; see {self.log}.")
            time.sleep(0.2)

    def kill(self) -> None:
        """SIGKILL: no clean-up, the socket's file stays."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def close(self) -> None:
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder)
        shutil.rmtree(self._homes)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the user's own is touched: settings, keys and journal are the folder's."""
        homes = {f"XDG_{name}_HOME": str(self._homes / name) for name in ("CONFIG", "STATE")}
        return {**os.environ, **homes, "DRAGGAND_SOCKET": str(self.folder / SOCKET)}

    def _answers(self) -> bool:
        command = [sys.executable, "-m", "draggan_daemon", "status"]
        return subprocess.run(command, env=self.environment, capture_output=True).returncode == 0
