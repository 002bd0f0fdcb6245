"""Runs scenarios in real Krita, the plugin installed as users do; standard library only."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.hosts import daemon as daemons
from tests.hosts.roots import ENTER

HERE = Path(__file__).resolve().parent
INSIDE = "/mnt/draggan"
PLUGIN, RIG = "draggan_krita", "draggan_rig"
SIZE = "1600x1000"
GRACE = 30  # seconds beyond the scenario's own for start and end of namespaces and display
_PROFILE = ("home", "config", "data", "cache", "runtime")

Obey = Mapping[str, Callable[[], None]]


@dataclass(frozen=True)
class Run:
    """What a scenario left: its results, and the folder with its files, pictures and logs."""

    results: dict
    out: Path


class ScenarioFailed(AssertionError):
    """The scenario raised, Krita died or hung, or the plugin left a traceback."""


class KritaHost:
    """One Krita version with one profile, which makes every start but the first a fast one."""

    def __init__(self, name: str, root: Path, out: Path) -> None:
        self.name = name
        self._root = root
        self._out = out
        self._profile = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        for folder in _PROFILE:
            (self._profile / folder).mkdir()
        (self._profile / "runtime").chmod(0o700)
        shutil.copytree(HERE / "rig", self._profile / "data/krita/pykrita")
        self._kritarc.write_text(f"[python]\nenable_{RIG}=true\n")
        self._fresh_settings = self._kritarc.read_text()

    def close(self) -> None:
        shutil.rmtree(self._profile)

    def install_plugin(self) -> None:
        """`draggan install krita`, in the profile's home: it finds Krita's folders and settings."""
        command = "import sys; from draggan.cli import main; sys.exit(main(['install', 'krita']))"
        environment = {
            **os.environ,
            "HOME": str(self._profile / "home"),
            "XDG_DATA_HOME": str(self._profile / "data"),
            "XDG_CONFIG_HOME": str(self._profile / "config"),
        }
        self._kritarc.write_text(self._fresh_settings)
        done = subprocess.run(
            [sys.executable, "-c", command], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self._fresh_settings = self._kritarc.read_text()
        assert f"enable_{PLUGIN}=true" in self._fresh_settings, done.stdout

    def run(
        self,
        scenario: str,
        *,
        given: Mapping[str, object] | None = None,
        files: Path | None = None,
        daemon: daemons.RealDaemon | None = None,
        obey: Obey | None = None,
        keep_settings: bool = False,
        canvas: str = "gl",
        seconds: int = 180,
    ) -> Run:
        """Run `scenario_NAME.py` in a Krita of its own; raises ScenarioFailed.

        given: what `rig.given` holds; files: a folder whose files are copied into the output
        folder first; obey: what to do when the scenario asks for it (`rig.ask`); canvas: "gl" or
        "none".
        """
        out = self._out / self.name / scenario
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        (out / "given.json").write_text(json.dumps(dict(given or {})))
        for path in files.iterdir() if files else ():
            shutil.copy(path, out)
        self._write_settings(canvas, keep=keep_settings)
        process = self._start(scenario, out, daemon, seconds)
        try:
            status = _obeying(process, out, obey or {}, seconds + GRACE)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait()
        return _checked(out, status)

    @property
    def _kritarc(self) -> Path:
        return self._profile / "config/kritarc"

    def _write_settings(self, canvas: str, *, keep: bool) -> None:
        """Settings as after the installation, so that no scenario sees those of another."""
        if not keep:
            self._kritarc.write_text(self._fresh_settings)
        gl = "OpenGLRenderer=auto\ncanvasState=OPENGL_SUCCESS\n"
        none = "OpenGLRenderer=none\ncanvasState=OPENGL_NOT_TRIED\n"
        display = self._profile / "config/kritadisplayrc"
        display.write_text(gl if canvas == "gl" else none)

    def _start(
        self, scenario: str, out: Path, daemon: daemons.RealDaemon | None, seconds: int
    ) -> subprocess.Popen[bytes]:
        folders = {self._profile: "profile", out: "out", HERE: "tests"}
        variables = {
            "HOME": f"{INSIDE}/profile/home",
            "XDG_CONFIG_HOME": f"{INSIDE}/profile/config",
            "XDG_DATA_HOME": f"{INSIDE}/profile/data",
            "XDG_CACHE_HOME": f"{INSIDE}/profile/cache",
            "XDG_RUNTIME_DIR": f"{INSIDE}/profile/runtime",
            "QT_QPA_PLATFORM": "xcb",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "RIG_OUT": f"{INSIDE}/out",
            "RIG_SIZE": SIZE,
            "RIG_SECONDS": str(seconds),
            "RIG_SCENARIO": f"{INSIDE}/tests/scenario_{scenario}.py",
        }
        binds = [(source, f"{INSIDE}/{place}") for source, place in folders.items()]
        if daemon is not None:
            binds.append((daemon.folder, daemons.INSIDE))
            variables["DRAGGAND_SOCKET"] = f"{daemons.INSIDE}/{daemons.SOCKET}"
        words = [word for s, p in binds for word in ("--bind", f"{s}:{p}")]
        words += [word for n, v in variables.items() for word in ("--env", f"{n}={v}")]
        inside = ["/bin/bash", f"{INSIDE}/tests/inside.sh"]
        with (out / "host.log").open("wb") as log:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", ENTER, self._root, *words, "--", *inside],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


def _obeying(process: subprocess.Popen[bytes], out: Path, obey: Obey, seconds: float) -> int:
    """Krita's exit status; does on the way what the scenario asks for."""
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        for asked in out.glob("please_*"):
            request = asked.name.removeprefix("please_")
            asked.unlink()
            obey[request]()
            (out / f"done_{request}").touch()
        time.sleep(0.05)
    return 124 if process.poll() is None else process.returncode


def _checked(out: Path, status: int) -> Run:
    file = out / "result.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    log = out / "krita.log"
    said = log.read_text(errors="replace") if log.exists() else ""
    if "error" in results:
        raise ScenarioFailed(f"{results['error']}\nPictures and logs: {out}")
    if status or not results.get("ok"):
        tail = "\n".join(said.splitlines()[-20:])
        raise ScenarioFailed(f"Krita ended with status {status}; see {out}.\n{tail}")
    if f"pykrita/{PLUGIN}/" in said:
        raise ScenarioFailed(f"The plugin left a traceback in {log}:\n{said[-4000:]}")
    return Run(results, out)
