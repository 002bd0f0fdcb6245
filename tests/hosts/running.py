"""Runs a program inside a root file system and obeys its scenario; standard library only."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.hosts.roots import ENTER

PLACE = "/mnt/draggan"  # folders that are shown inside lie here
GRACE = 30  # seconds beyond the scenario's own for start and end of namespaces and display

Obey = Mapping[str, Callable[[], None]]


@dataclass(frozen=True)
class Run:
    """What a scenario left: its results, and the folder with its files, pictures and logs."""

    results: dict
    out: Path


class ScenarioFailed(AssertionError):
    """The scenario raised, the editor died or hung, or the plugin left a traceback."""


@dataclass(frozen=True)
class Inside:
    """A root file system as one command sees it: folders by their places below PLACE, variables."""

    root: Path
    folders: Mapping[str, Path]
    variables: Mapping[str, str]

    def run(self, *command: str, out: Path, obey: Obey, seconds: float) -> int:
        """The command's exit status, 124 when it takes longer; does what its scenario asks for."""
        process = self._start(command, out / "host.log")
        try:
            return _obeying(process, out, obey, seconds + GRACE)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait()

    def _start(self, command: tuple[str, ...], log: Path) -> subprocess.Popen[bytes]:
        words: list[str] = []
        for place, folder in self.folders.items():
            words += ["--bind", f"{folder}:{PLACE}/{place}"]
        for name, value in self.variables.items():
            words += ["--env", f"{name}={value}"]
        with log.open("wb") as file:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", ENTER, self.root, *words, "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )


def _obeying(process: subprocess.Popen[bytes], out: Path, obey: Obey, seconds: float) -> int:
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        for asked in out.glob("please_*"):
            request = asked.name.removeprefix("please_")
            asked.unlink()
            obey[request]()
            (out / f"done_{request}").touch()
        time.sleep(0.05)
    return 124 if process.poll() is None else process.returncode


def checked(out: Path, status: int, *, program: str, logs: Mapping[str, str]) -> Run:
    """The run, if all went well; raises ScenarioFailed.

    logs: names of log files, and for each what must not be found in it.
    """
    file = out / "result.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    if "error" in results:
        raise ScenarioFailed(f"{results['error']}\nPictures and logs: {out}")
    said = {name: _read(out / name) for name in logs}
    if status or not results.get("ok"):
        tail = "\n".join("\n".join(said.values()).splitlines()[-20:])
        raise ScenarioFailed(f"{program} ended with status {status}; see {out}.\n{tail}")
    for name, unwanted in logs.items():
        before, found, after = said[name].partition(unwanted)
        if found:
            around = before[-2000:] + found + after[:2000]
            raise ScenarioFailed(f"The plugin left a traceback in {out / name}:\n{around}")
    return Run(results, out)


def _read(log: Path) -> str:
    return log.read_text(errors="replace") if log.exists() else ""
