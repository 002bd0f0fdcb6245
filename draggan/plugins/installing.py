"""Puts a plugin into an editor's own folder, as a whole or not at all; standard library only."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from draggan import __version__
from draggan.errors import CannotWrite
from draggan.plugins.assembly import VERSION_NAME, WIRE, Plugin, assemble, plugin_for

DAEMON_NAME = "daemon.json"
_LONGEST = 1024 * 1024  # bytes of a file that may be ours


@dataclass(frozen=True)
class Installed:
    """Where the plugin lies now, and the version that it has taken the place of ("" if none)."""

    module: Path
    version: str
    replaced: str


def install_into(host: str, resources: Path, *, link: bool = False) -> Installed:
    """Puts the plugin for `host` into `resources`, the folder that this editor reads.

    For Krita that is the resource folder (the plugin goes into `pykrita/`, its shortcuts into
    `actions/`), for GIMP the profile (the plug-in goes into `plug-ins/`). An older plugin of ours
    is replaced as a whole; anything else under its name is left alone. With `link` the plugin's
    files are links to the sources. Raises BadInput for an unknown host and CannotWrite.
    """
    plugin = plugin_for(host)
    home = resources / plugin.home
    places = {
        Path(plugin.module): home / plugin.module,
        **{
            Path(each.folder, each.name): (resources / each.folder if each.folder else home)
            / each.name
            for each in plugin.beside
        },
    }
    part = home / f".draggan-{os.getpid()}.part"
    try:
        _refuse_foreign(plugin, places.values())
        replaced = _version_of(home / plugin.module)
        for folder in (place.parent for place in places.values()):
            folder.mkdir(parents=True, exist_ok=True)
        assemble(host, part / "new", link=link)
        _write_daemon_command(part / "new" / plugin.module)
        _swap({part / "new" / name: place for name, place in places.items()}, part / "old")
    except OSError as error:
        raise CannotWrite(
            f"The plugin cannot be put into {resources}: {error.strerror or error}.",
            hint="Make sure that you may write there, or name another folder with --into.",
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Installed(home / plugin.module, __version__, replaced)


def _write_daemon_command(module: Path) -> None:
    """Tells the plugin which Python has the daemon: the one that installs it."""
    text = json.dumps({"command": [sys.executable, "-m", "draggan_daemon"]}, indent=1)
    (module / DAEMON_NAME).write_text(f"{text}\n", encoding="utf-8", newline="\n")


def _version_of(module: Path) -> str:
    try:
        return (module / VERSION_NAME).read_text(encoding="utf-8", errors="replace").strip()[:40]
    except OSError:
        return ""


def _refuse_foreign(plugin: Plugin, places: Iterable[Path]) -> None:
    for place in places:
        if os.path.lexists(place) and not _is_ours(plugin, place):
            raise CannotWrite(
                f"{place} is there already, and is not a plugin that draggan has installed.",
                hint="Move it away, then install again.",
            )


def _is_ours(plugin: Plugin, place: Path) -> bool:
    if place.name == plugin.module:
        return not place.is_symlink() and all(
            os.path.lexists(place / name) for name in (VERSION_NAME, Path(plugin.package, WIRE))
        )
    if place.is_symlink():  # of --link; what it leads to may be gone
        return Path(os.readlink(place)).name == place.name
    if not place.is_file() or place.stat().st_size > _LONGEST:
        return False
    mark = next(each.mark for each in plugin.beside if each.name == place.name)
    return mark.encode() in place.read_bytes()


def _swap(moves: Mapping[Path, Path], old: Path) -> None:
    """Moves every new thing to its place and what was there into `old`; all of it or nothing."""
    old.mkdir()
    undo: list[tuple[Path, Path]] = []
    try:
        for number, (new, place) in enumerate(moves.items()):
            if os.path.lexists(place):
                shutil.move(place, old / str(number))
                undo.append((old / str(number), place))
            shutil.move(new, place)
            undo.append((place, new))
    except BaseException:
        for source, target in reversed(undo):
            with contextlib.suppress(OSError):
                shutil.move(source, target)
        raise
