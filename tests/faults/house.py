"""A daemon process that the fault tests start, torment and look into; Linux only (/proc)."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from draggan_daemon.bench.jpeg import decode_jpeg
from draggan_daemon.bench.measure import Visitor
from draggan_wire.client import Client
from draggan_wire.connection_file import read_connection_file
from draggan_wire.messages import Manage, Report

ROOT = Path(__file__).resolve().parents[2]
ENGINE = "tests.faults.faulty_engine:FaultyEngine"


class House:
    """One daemon at a time, with the same socket and the same journal each time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "run" / "d.sock"
        self.log = folder / "log"
        self.settings: dict[str, object] = {
            "endpoint": self.endpoint,
            "journal.folder": folder / "journal",
            "lease": "30s",
            "limits.max_sessions": 64,
            "limits.max_sessions_per_user": 0,
        }
        self.daemon: subprocess.Popen[bytes] | None = None
        self.visitors: list[Visitor] = []
        self.expected: list[str] = []  # what tracebacks in the log may be about

    @property
    def endpoint(self) -> str:
        return f"ipc://{self.socket}"

    @property
    def pid(self) -> int:
        assert self.daemon is not None
        return self.daemon.pid

    def start(self, **settings: object) -> None:
        """Starts the daemon; what is set (journal__keep="1h") stays for the next start."""
        self.settings.update(settings)
        command = [sys.executable, "-m", "draggan_daemon.bench.daemon", "--engine", ENGINE]
        for name, value in self.settings.items():
            command += ["--set", f"{name.replace('__', '.')}={value}"]
        with self.log.open("ab") as output:
            self.daemon = subprocess.Popen(
                command, cwd=ROOT, stdout=output, stderr=output, env=self.environment()
            )

    def environment(self) -> dict[str, str]:
        """Where nothing of the user's own is found."""
        own = {k: v for k, v in os.environ.items() if not k.startswith("DRAGGAND_")}
        homes = {f"XDG_{name}_HOME": str(self.folder) for name in ("CONFIG", "STATE", "DATA")}
        return {**own, **homes, "XDG_RUNTIME_DIR": str(self.folder)}

    def visit(self, endpoint: str | None = None, *, jpeg: bool = False) -> Visitor:
        """A client that has been welcomed; with `jpeg` its previews may lose a little."""
        decoder = decode_jpeg if jpeg else None
        client = Client(endpoint or self.endpoint, name="fault test", jpeg=decoder)
        visitor = Visitor(client)
        self.visitors.append(visitor)
        visitor.meet()
        return visitor

    def listeners(self) -> list[str]:
        """The addresses of all its sockets."""
        facts = read_connection_file(self.socket.parent / "connection.json")
        return [self.endpoint] if facts is None else list(facts.endpoints)

    def kill(self) -> None:
        """kill -9, and nobody cleans up."""
        assert self.daemon is not None
        self.daemon.kill()
        self.daemon.wait()

    def alive(self) -> bool:
        return self.daemon is not None and self.daemon.poll() is None

    def end(self) -> int:
        """SIGTERM; the exit code. Kills it when it does not end."""
        assert self.daemon is not None
        if self.alive():
            self.daemon.send_signal(signal.SIGTERM)
        try:
            return self.daemon.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def close(self) -> None:
        for visitor in self.visitors:
            visitor.client.close()
        if self.alive():
            assert self.daemon is not None
            os.kill(self.pid, signal.SIGCONT)
            self.kill()

    def forgive(self, what: str) -> None:
        """A traceback about this is what the test has provoked."""
        self.expected.append(what)

    def slips(self) -> list[str]:
        """Tracebacks in the log that nobody has provoked."""
        found = re.split(r"^(?=.*Traceback \(most recent)", self.words(), flags=re.MULTILINE)[1:]
        return [text for text in found if not any(what in text for what in self.expected)]

    def words(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    # What it weighs.

    def workers(self) -> list[int]:
        """The processes that compute for it."""
        return children(self.pid)

    def megabytes(self) -> float:
        """Resident memory of the front door alone."""
        return resident(self.pid)

    def weight(self) -> float:
        """Resident megabytes of the daemon and all its workers."""
        return sum(resident(pid) for pid in (self.pid, *self.workers()))

    def settled(self) -> float:
        """The same at rest: the least of some seconds, in which what is cached comes and goes.

        The daemon gives back what is free in its heap within two of its looks, 2 to 5 seconds.
        """
        weights = []
        for _ in range(24):
            weights.append(self.weight())
            time.sleep(0.25)
        return min(weights)

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def status(visitor: Visitor) -> dict[str, Any]:
    """What the daemon says of itself."""
    facts: dict[str, Any] = json.loads(bytes(visitor.ask(Manage("status"), Report).facts.data))
    return facts


def children(pid: int) -> list[int]:
    """Of all threads of a process."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def resident(pid: int) -> float:
    """Megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def eventually(true: Callable[[], bool], *, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found
