"""Runs scenarios in real Krita, the plugin installed as users do; standard library only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.hosts import daemon as daemons
from tests.hosts.running import PLACE, Inside, Obey, Run, checked

HERE = Path(__file__).resolve().parent
PLUGIN, RIG = "draggan_krita", "draggan_rig"
SIZE = "1600x1000"
_PROFILE = ("home", "config", "data", "cache", "runtime")


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
        daemon: daemons.Reachable | None = None,
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
        inside = self._inside(scenario, out, daemon, seconds)
        status = inside.run(
            "/bin/bash", f"{PLACE}/tests/inside.sh", out=out, obey=obey or {}, seconds=seconds
        )
        return checked(out, status, program="Krita", logs={"krita.log": f"pykrita/{PLUGIN}/"})

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

    def _inside(
        self, scenario: str, out: Path, daemon: daemons.Reachable | None, seconds: int
    ) -> Inside:
        folders = {"profile": self._profile, "out": out, "tests": HERE}
        variables = {
            "HOME": f"{PLACE}/profile/home",
            "XDG_CONFIG_HOME": f"{PLACE}/profile/config",
            "XDG_DATA_HOME": f"{PLACE}/profile/data",
            "XDG_CACHE_HOME": f"{PLACE}/profile/cache",
            "XDG_RUNTIME_DIR": f"{PLACE}/profile/runtime",
            "QT_QPA_PLATFORM": "xcb",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "RIG_OUT": f"{PLACE}/out",
            "RIG_SIZE": SIZE,
            "RIG_SECONDS": str(seconds),
            "RIG_SCENARIO": f"{PLACE}/tests/scenario_{scenario}.py",
        }
        if daemon is not None:
            folders["daemon"] = daemon.folder
            variables["DRAGGAND_SOCKET"] = f"{PLACE}/daemon/{daemons.SOCKET}"
        return Inside(self._root, folders, variables)
