"""Makes Debian root file systems with a real editor in them; standard library, debootstrap, root.

A root file system is made once and kept in $DRAGGAN_HOSTS_CACHE (default ~/.cache/draggan-hosts).
It grows under another name and gets its own when it is complete, so a half-made one is never used.
DRAGGAN_HOSTS_ROOT_KRITA_5_2=/path (and so on) uses a finished one from elsewhere instead.
DRAGGAN_HOSTS_MIRROR names another Debian mirror.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ENTER = Path(__file__).resolve().parent / "enter.sh"
STAMP = Path("etc/draggan-host")
SCRIPTS = Path("/usr/share/debootstrap/scripts")
_DISPLAY = ("xvfb", "xdotool", "openbox", "imagemagick", "x11-utils", "fonts-dejavu-core")
_KRITA = ("krita", "dbus-daemon", "libgl1", "libgl1-mesa-dri", *_DISPLAY)
_GIMP = ("gimp", "python3", "adwaita-icon-theme", *_DISPLAY)

# Recommended packages are left out, and so are numpy, pyzmq, msgpack and, for GIMP 3.0, pycairo: a
# plugin that needs more than the editor brings along must fail here. A mirror may lag behind its
# own expiry date.
_APT = """\
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Check-Date "false";
Acquire::Retries "3";
"""


class NoRoot(RuntimeError):
    """A root file system that cannot be had; the text says what would help."""


@dataclass(frozen=True)
class Recipe:
    """What makes a host: the Debian suite, the packages, and what must have come of it."""

    name: str  # "krita-5.2"
    suite: str
    packages: tuple[str, ...]
    program: str  # its package; the version has to begin as in `name`
    newest: bool = False  # `program` is taken from experimental

    def text(self) -> str:
        return f"{self.name} {self.suite} {self.newest} {' '.join(self.packages)}\n"


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("krita-5.2", "trixie", (*_KRITA, "python3-pyqt5"), "krita"),
        Recipe("krita-5.3", "sid", (*_KRITA, "python3-pyqt5"), "krita"),
        Recipe(
            "krita-6.0", "sid", (*_KRITA, "python3-pyqt6", "qt6-svg-plugins"), "krita", newest=True
        ),
        Recipe("gimp-3.0", "trixie", _GIMP, "gimp"),
        Recipe("gimp-3.2", "forky", _GIMP, "gimp"),
    )
}


def root_for(name: str) -> Path:
    """The finished root file system of a host, made first if need be; raises NoRoot."""
    variable = "DRAGGAN_HOSTS_ROOT_" + name.upper().replace("-", "_").replace(".", "_")
    recipe = RECIPES[name]
    if given := os.environ.get(variable):
        if not Path(given, "usr/bin", recipe.program).exists():
            raise NoRoot(f"{variable}: there is no {recipe.program} in {given}.")
        return Path(given)
    if os.geteuid() != 0:
        raise NoRoot("Host tests need root: they enter namespaces and another root file system.")
    cache = Path(os.environ.get("DRAGGAN_HOSTS_CACHE") or Path.home() / ".cache/draggan-hosts")
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / name
    with _alone(cache / f"{name}.lock"):
        if not is_complete(root, recipe):
            _make(root, recipe)
    return root


def is_complete(root: Path, recipe: Recipe) -> bool:
    stamp = root / STAMP
    return stamp.exists() and stamp.read_text() == recipe.text()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Two test runs may want the same root file system: one makes it, the other waits."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(root: Path, recipe: Recipe) -> None:
    growing = root.with_name(f"{root.name}.growing")
    for old in (growing, root):
        _remove(old)
    with root.with_name(f"{root.name}.log").open("w") as log:
        try:
            _bootstrap(growing, recipe, log)
            _configure(growing, recipe)
            _install(growing, recipe, log)
        except (OSError, subprocess.CalledProcessError) as error:
            raise NoRoot(f"{recipe.name}: {error}; {log.name} has the rest.") from error
    _check_version(growing, recipe)
    (growing / STAMP).write_text(recipe.text())
    growing.rename(root)


def _remove(folder: Path) -> None:
    mounted = Path("/proc/self/mountinfo").read_text().split()
    if any(word.startswith(f"{folder}/") for word in mounted):
        raise NoRoot(f"Something is mounted below {folder}: unmount it, then try again.")
    if folder.exists():
        shutil.rmtree(folder)


def _bootstrap(root: Path, recipe: Recipe, log: IO[str]) -> None:
    if shutil.which("debootstrap") is None:
        raise NoRoot("debootstrap is missing: `apt-get install debootstrap` brings it.")
    # An older debootstrap may not know the suite's name; all of them are made alike.
    script = recipe.suite if (SCRIPTS / recipe.suite).exists() else "sid"
    mirror = os.environ.get("DRAGGAN_HOSTS_MIRROR", "")
    command = ["debootstrap", "--variant=minbase", recipe.suite, str(root), mirror, script]
    # debootstrap mounts /proc: in a mount namespace of its own it cannot leave it behind.
    namespace = ["unshare", "--mount", "--propagation", "private", "--"]
    subprocess.run([*namespace, *command], check=True, stdout=log, stderr=log)


def _configure(root: Path, recipe: Recipe) -> None:
    services = root / "usr/sbin/policy-rc.d"  # no services start inside
    services.write_text("#!/bin/sh\nexit 101\n")
    services.chmod(0o755)
    (root / "etc/apt/apt.conf.d/99draggan").write_text(_APT)
    (root / "etc/dpkg/dpkg.cfg.d/draggan").write_text("force-unsafe-io\n")
    resolver = Path("/etc/resolv.conf")
    if resolver.exists():
        (root / "etc/resolv.conf").write_text(resolver.read_text())
    if recipe.newest:
        sources = (root / "etc/apt/sources.list").read_text().split()
        line = f"deb {sources[1]} experimental main\n"
        (root / "etc/apt/sources.list.d/experimental.list").write_text(line)


def _install(root: Path, recipe: Recipe, log: IO[str]) -> None:
    def apt(*words: str) -> None:
        environment = ("--env", "DEBIAN_FRONTEND=noninteractive")
        command = [str(ENTER), str(root), *environment, "--", "apt-get", "-qy", *words]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    apt("update")
    if recipe.newest:  # the program alone comes from experimental, the rest from the suite
        apt("install", "-t", "experimental", recipe.program)
    apt("install", *recipe.packages)
    apt("clean")


def _check_version(root: Path, recipe: Recipe) -> None:
    """A moving suite brings another version one day, which must not be tested under this name."""
    query = ["dpkg-query", "-W", "-f", "${Version}", recipe.program]
    found = subprocess.run(
        [ENTER, root, "--", *query], check=True, capture_output=True, text=True
    ).stdout
    version = found.split(":")[-1]
    wanted = recipe.name.split("-", 1)[1]
    if not version.startswith(f"{wanted}."):
        raise NoRoot(f"{recipe.name}: Debian {recipe.suite} has {version} now; adapt the recipe.")
