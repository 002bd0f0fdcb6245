"""Where GIMPs keep their profiles; only looks; standard library only.

One computer may have several: every minor version of GIMP has a folder of its own, and the
distribution's, a flatpak, a snap, Windows' installer and the one from its store keep them apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from draggan.plugins.gimprc import looks_for_plugins_in

_FLATPAK_ID = "org.gimp.GIMP"
_SANDBOX = "It runs in a sandbox and cannot start the daemon: run `{serve}` before GIMP."
_FLATPAK = (
    f"{_SANDBOX.format(serve='draggand serve')} Let it see the daemon, once: "
    f"flatpak override --user --filesystem=xdg-run/draggand {_FLATPAK_ID}"
)
_VERSION = re.compile(r"\d\.\d+")


@dataclass(frozen=True)
class GimpProfile:
    """One GIMP's profile: the folder that holds `plug-ins/` and `gimprc`."""

    title: str
    folder: Path
    note: str = ""  # what its user has to know beside


@dataclass(frozen=True)
class _Place:
    """A folder with a profile for each version, and what is to be said of those in it."""

    kind: str
    folder: Path
    note: str = ""


def find_gimp_profiles(
    *, platform: str, environment: Mapping[str, str], home: Path
) -> tuple[GimpProfile, ...]:
    """All profiles of this user's GIMPs that are new enough and have been started at least once.

    `platform` is `sys.platform`. GIMP3_DIRECTORY counts in place of all others, as for GIMP itself.
    """
    chosen = environment.get("GIMP3_DIRECTORY")
    if chosen:
        folder = home / chosen
        found = [GimpProfile("GIMP (GIMP3_DIRECTORY)", folder)] if folder.is_dir() else []
    else:
        found = [
            GimpProfile(f"GIMP {path.name}{place.kind}", path, place.note)
            for place in _places(platform, environment, home)
            for path in _versions(place.folder)
            if is_new_enough(path.name)
        ]
    return tuple(found)


def find_older_gimps(
    *, platform: str, environment: Mapping[str, str], home: Path
) -> tuple[str, ...]:
    """The versions of this user's GIMPs that are too old for the plug-in, such as "2.10"."""
    found = {
        path.name
        for place in _places(platform, environment, home)
        for path in _versions(place.folder)
        if not is_new_enough(path.name)
    }
    return tuple(sorted(found, key=_number))


def is_profile_name(name: str) -> bool:
    """Whether GIMP names a profile so: its version without the last number."""
    return _VERSION.fullmatch(name) is not None


def is_new_enough(version: str) -> bool:
    """Whether a GIMP of this version ("3.0") can run the plug-in."""
    return _number(version) >= (3, 0)


def path_note(profile: Path, *, platform: str, environment: Mapping[str, str], home: Path) -> str:
    """What the user has to do if this GIMP was told to look for plug-ins elsewhere; "" if not."""
    variables = {"HOME": str(home), **environment}
    separator = ";" if platform == "win32" else ":"
    if looks_for_plugins_in(profile, variables=variables, separator=separator):
        return ""
    return (
        f"Its settings have it look for plug-ins elsewhere. Add {profile / 'plug-ins'} under "
        "Edit > Preferences > Folders > Plug-ins."
    )


def _places(platform: str, environment: Mapping[str, str], home: Path) -> Iterator[_Place]:
    if platform == "win32":
        roaming = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
        yield _Place("", roaming / "GIMP")
        local = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
        for package in sorted((local / "Packages").glob("GIMP.*_*")):
            yield _Place(" (Microsoft Store)", package / "LocalCache" / "Roaming" / "GIMP")
    elif platform == "darwin":
        yield _Place("", home / "Library" / "Application Support" / "GIMP")
    else:
        yield from _on_linux(environment, home)


def _on_linux(environment: Mapping[str, str], home: Path) -> Iterator[_Place]:
    given = environment.get("XDG_CONFIG_HOME", "")
    config = Path(given) if Path(given).is_absolute() else home / ".config"
    flatpak = home / ".var" / "app" / _FLATPAK_ID
    # The flatpak prefers the common profiles to its own where there are any.
    shared = f"The flatpak may use it as well. {_FLATPAK}" if flatpak.is_dir() else ""
    yield _Place("", config / "GIMP", shared)
    yield _Place(" (flatpak)", flatpak / "config" / "GIMP", _FLATPAK)
    snap = home / "snap" / "gimp"
    yield _Place(" (snap)", snap / "current" / ".config" / "GIMP", _snap_note(snap / "common"))


def _snap_note(common: Path) -> str:
    """A snap sees neither the user's runtime folder nor hidden files, only what is its own."""
    address = f"ipc://{common / 'draggand' / 'draggand.sock'}"
    serve = _SANDBOX.format(serve=f"draggand serve --endpoint {address}")
    return f"{serve} Give that address in the dialog."


def _versions(folder: Path) -> list[Path]:
    """The profiles in a folder, the oldest version first."""
    try:
        found = [path for path in folder.iterdir() if is_profile_name(path.name) and path.is_dir()]
    except OSError:
        return []
    return sorted(found, key=lambda path: _number(path.name))


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
