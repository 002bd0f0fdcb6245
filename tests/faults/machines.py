"""Two machines for the fault tests: network namespaces with a cable between; Linux, root, iproute2.

Each has a home of its own, and what runs on it sees nothing of the other but by the cable.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from .house import ROOT, eventually

BOX, DESK = "10.77.41.1", "10.77.41.2"
TOOLS = ("ip", "nsenter", "unshare")


class Machine:
    """A network namespace with loopback, and a home folder. `close` ends all that was started."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self.runtime = folder / "run"
        self.runtime.mkdir(parents=True, mode=0o700)
        (folder / "tmp").mkdir()
        self.logs: list[Path] = []
        self._started: list[subprocess.Popen[bytes]] = []
        ours = os.readlink("/proc/self/ns/net")
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        self.pid = self._holder.pid
        space = f"/proc/{self.pid}/ns/net"
        made = eventually(lambda: self._holder.poll() is not None or os.readlink(space) != ours)
        if not made or self._holder.poll() is not None:
            raise OSError("no network namespaces here")
        self.ip("link", "set", "lo", "up")

    @property
    def socket(self) -> Path:
        return self.runtime / "draggand" / "draggand.sock"

    @property
    def settings(self) -> Path:
        return self.home / ".config" / "draggand"

    def ip(self, *words: str) -> None:
        self._checked("ip", *words)

    def run(self, module: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs a command of ours until it ends."""
        return subprocess.run(
            [*self._inside(), *self._python(module), *words],
            cwd=self.home,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
        )

    def draggand(self, *words: str) -> str:
        """What `draggand` prints; it has to succeed."""
        done = self.run("draggan_daemon", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, module: str, *words: str) -> subprocess.Popen[bytes]:
        """Starts a command of ours; its words go to a log."""
        self.logs.append(self.home / f"log-{len(self.logs)}")
        with self.logs[-1].open("wb") as log:
            command = [*self._inside(), *self._python(module), *words]
            environment = self._environment()
            process = subprocess.Popen(
                command, cwd=self.home, env=environment, stdout=log, stderr=log
            )
        self._started.append(process)
        return process

    def words(self) -> str:
        """What the last started command has said so far."""
        return self.logs[-1].read_text(errors="replace")

    def close(self) -> None:
        for process in (*self._started, self._holder):
            if process.poll() is None:
                process.terminate()
        for process in (*self._started, self._holder):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _python(self, module: str) -> list[str]:
        if module == "draggan":  # has a function instead of a module to run
            return [sys.executable, "-c", "from draggan.cli import main; raise SystemExit(main())"]
        return [sys.executable, "-m", module]

    def _inside(self) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net"]

    def _checked(self, *command: str) -> None:
        done = subprocess.run([*self._inside(), *command], capture_output=True, text=True)
        if done.returncode:
            raise OSError(done.stderr)

    def _environment(self) -> Mapping[str, str]:
        dropped = ("DRAGGAND_", "XDG_")  # nor do they see a daemon of whoever runs the tests
        own = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
        path = os.pathsep.join([str(ROOT), str(ROOT / "daemon")])
        places = {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.runtime)}
        places["TMPDIR"] = str(self.home / "tmp")
        return {**own, **places, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


class Cable:
    """Between a box and a desk, which get the addresses BOX and DESK."""

    def __init__(self, box: Machine, desk: Machine) -> None:
        self._desk = desk
        box.ip("link", "add", "name", "cable0", "type", "veth", "peer", "name", "cable1")
        box.ip("link", "set", "cable1", "netns", str(desk.pid))
        for machine, device, address in ((box, "cable0", BOX), (desk, "cable1", DESK)):
            machine.ip("addr", "add", f"{address}/24", "dev", device)
            machine.ip("link", "set", device, "up")

    def pull(self, seconds: float) -> None:
        """Takes it out, waits, and puts it in again."""
        self._desk.ip("link", "set", "cable1", "down")
        time.sleep(seconds)
        self._desk.ip("link", "set", "cable1", "up")


def possible() -> bool:
    """Whether the tools and the rights are there; `Machine` finds out about the rest."""
    return sys.platform == "linux" and os.geteuid() == 0 and all(map(shutil.which, TOOLS))
