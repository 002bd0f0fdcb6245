"""Runs scenarios in real GIMP, the plug-in installed as users do; standard library only."""

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
PLUGIN = "draggan_gimp"
# One unknown word makes GIMP ignore all of it. Without a version the welcome dialog comes up all
# the same, and without a policy a picture with a colour profile opens a question.
GIMPRC = """\
(config-version "3.0.4")
(show-welcome-dialog no)
(check-updates no)
(color-profile-policy keep)
"""
# What no log may hold: a traceback of the plug-in's, or GIMP telling that it died.
UNWANTED = {"gimp.log": f"plug-ins/{PLUGIN}/", "plugin.log": '"mishap"'}


class GimpHost:
    """One GIMP version. Every run starts with the same profile, which has seen one start."""

    def __init__(self, name: str, root: Path, out: Path) -> None:
        self.name = name
        self._root = root
        self._out = out
        self._home = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        self._fresh = self._home / "fresh"
        self._fresh.mkdir()
        (self._fresh / "gimprc").write_text(GIMPRC)

    def close(self) -> None:
        shutil.rmtree(self._home)

    def install_plugin(self) -> None:
        """`draggan install gimp --into PROFILE`, then a first start, which asks all plug-ins."""
        words = ["install", "gimp", "--into", str(self._fresh)]
        command = f"import sys; from draggan.cli import main; sys.exit(main({words!r}))"
        environment = {**os.environ, "HOME": str(self._home)}
        done = subprocess.run(
            [sys.executable, "-c", command], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert (self._fresh / "plug-ins" / PLUGIN / f"{PLUGIN}.py").is_file(), done.stdout
        self.run("scenario_first_start")
        shutil.rmtree(self._fresh)
        shutil.copytree(self._profile, self._fresh)

    def run(
        self,
        name: str,
        *,
        given: Mapping[str, object] | None = None,
        files: Path | None = None,
        daemon: daemons.Reachable | None = None,
        obey: Obey | None = None,
        seconds: int = 180,
    ) -> Run:
        """Run `NAME.py`, a file of one of the three kinds, inside; raises ScenarioFailed.

        given: what `rig.given` holds; files: a folder whose files are copied into the output
        folder first; daemon: None means that there is none and none can be started; obey: what to
        do when the scenario asks for it (`rig.ask`).
        """
        out = self._out / self.name / name
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        (out / "given.json").write_text(json.dumps(dict(given or {})))
        for path in files.iterdir() if files else ():
            shutil.copy(path, out)
        self._lay_profile()
        inside = self._inside(out, daemon, seconds)
        command = ("/usr/bin/python3", "-m", "rig", f"{PLACE}/tests/{name}.py")
        status = inside.run(*command, out=out, obey=obey or {}, seconds=seconds)
        return checked(out, status, program="GIMP", logs=UNWANTED)

    @property
    def _profile(self) -> Path:
        return self._home / "profile"

    def _lay_profile(self) -> None:
        """No run sees what another has remembered."""
        for folder in ("profile", "home"):
            shutil.rmtree(self._home / folder, ignore_errors=True)
        shutil.copytree(self._fresh, self._profile)
        (self._home / "home").mkdir(mode=0o700)

    def _inside(self, out: Path, daemon: daemons.Reachable | None, seconds: int) -> Inside:
        folders = {"profile": self._profile, "home": self._home / "home", "out": out, "tests": HERE}
        variables = {
            "HOME": f"{PLACE}/home",
            "XDG_RUNTIME_DIR": f"{PLACE}/home",
            "GIMP3_DIRECTORY": f"{PLACE}/profile",
            "NO_AT_BRIDGE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": f"{PLACE}/tests",
            "DRAGGAND_SOCKET": f"{PLACE}/home/nowhere/{daemons.SOCKET}",
            "DRAGGAN_TEST_LOG": f"{PLACE}/out/plugin.log",
            "RIG_OUT": f"{PLACE}/out",
            "RIG_SECONDS": str(seconds),
            "RIG_PLUGIN": f"{PLACE}/profile/plug-ins/{PLUGIN}",
        }
        if daemon is not None:
            folders["daemon"] = daemon.folder
            variables["DRAGGAND_SOCKET"] = f"{PLACE}/daemon/{daemons.SOCKET}"
        return Inside(self._root, folders, variables)
