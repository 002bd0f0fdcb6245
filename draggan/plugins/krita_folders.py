"""Where Kritas keep their plugins and their settings; only looks; standard library only.

One computer may have several: the distribution's or an AppImage (which share a folder), a flatpak,
a snap, Windows' installer and the one from its store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from draggan.plugins.kritarc import resource_folder

CONFIG_NAME = "kritarc"
_SANDBOX = "It runs in a sandbox and cannot start the daemon: run `draggand serve` before Krita."
_FLATPAK = (
    f"{_SANDBOX} Let it see the daemon, once: "
    "flatpak override --user --filesystem=xdg-run/draggand org.kde.krita"
)


@dataclass(frozen=True)
class KritaFolders:
    """One Krita's resource folder (it holds `pykrita/` and `actions/`) and its settings file."""

    title: str
    resources: Path
    config: Path | None
    note: str = ""  # what its user has to know beside


def find_krita_folders(
    *, platform: str, environment: Mapping[str, str], home: Path
) -> tuple[KritaFolders, ...]:
    """All Kritas of this user that have been started at least once.

    `platform` is `sys.platform`. A resource folder that was chosen in Krita's settings counts in
    place of the usual one.
    """
    if platform == "win32":
        usual = _on_windows(environment, home)
    elif platform == "darwin":
        usual = _on_macos(home)
    else:
        usual = _on_linux(environment, home)
    return tuple(found for each in usual if (found := _as_set(each)).resources.is_dir())


def _as_set(folders: KritaFolders) -> KritaFolders:
    chosen = resource_folder(folders.config) if folders.config is not None else None
    if chosen is None:
        return folders
    return replace(folders, resources=chosen)


def _on_linux(environment: Mapping[str, str], home: Path) -> Iterator[KritaFolders]:
    data = _absolute(environment.get("XDG_DATA_HOME"), home / ".local" / "share")
    config = _absolute(environment.get("XDG_CONFIG_HOME"), home / ".config")
    yield KritaFolders("Krita", data / "krita", config / CONFIG_NAME)
    flatpak = home / ".var" / "app" / "org.kde.krita"
    yield KritaFolders(
        "Krita (flatpak)",
        flatpak / "data" / "krita",
        flatpak / "config" / CONFIG_NAME,
        _FLATPAK,
    )
    snap = home / "snap" / "krita" / "current"
    yield KritaFolders(
        "Krita (snap)",
        snap / ".local" / "share" / "krita",
        snap / ".config" / CONFIG_NAME,
        _SANDBOX,
    )


def _on_windows(environment: Mapping[str, str], home: Path) -> Iterator[KritaFolders]:
    roaming = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
    local = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    yield KritaFolders("Krita", roaming / "krita", local / CONFIG_NAME)
    for package in sorted((local / "Packages").glob("49800Krita_*")):
        cache = package / "LocalCache"
        yield KritaFolders(
            "Krita (Microsoft Store)", cache / "Roaming" / "krita", cache / "Local" / CONFIG_NAME
        )


def _on_macos(home: Path) -> Iterator[KritaFolders]:
    library = home / "Library"
    yield KritaFolders(
        "Krita", library / "Application Support" / "krita", library / "Preferences" / CONFIG_NAME
    )


def _absolute(given: str | None, otherwise: Path) -> Path:
    """XDG folders count only if they are absolute."""
    return Path(given) if given and Path(given).is_absolute() else otherwise
