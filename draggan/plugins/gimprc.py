"""GIMP's settings file, as far as it says where plug-ins are looked for; standard library only."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

_LONGEST = 16 * 1024 * 1024  # bytes; real ones have some 5 KB
_PATH = re.compile(r'^[ \t]*\([ \t]*plug-in-path[ \t\r\n]+"((?:[^"\\]|\\.)*)"', re.MULTILINE)
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def looks_for_plugins_in(profile: Path, *, variables: Mapping[str, str], separator: str) -> bool:
    """Whether the GIMP with this profile looks for plug-ins in the profile's own `plug-ins`.

    It does unless its `gimprc` names other folders, apart by `separator`. `variables` are those of
    the environment; HOME is also what `~` stands for. A file that cannot be read names none.
    """
    folders = _plug_in_path(profile)
    if folders is None:
        return True
    known = {**variables, "gimp_dir": str(profile)}
    wanted = (profile / "plug-ins").resolve()
    return any(_resolved(folder, known) == wanted for folder in folders.split(separator))


def _plug_in_path(profile: Path) -> str | None:
    """What stands in the file as it was meant, or None; the last entry counts."""
    try:
        with (profile / "gimprc").open("rb") as file:
            text = file.read(_LONGEST).decode("utf-8", errors="surrogateescape")
    except OSError:
        return None
    entries = _PATH.findall(text)
    return re.sub(r"\\(.)", r"\1", entries[-1]) if entries else None


def _resolved(folder: str, variables: Mapping[str, str]) -> Path | None:
    """The folder with its variables filled in, or None where one is not known."""
    if folder == "~" or folder.startswith("~/"):
        folder = "${HOME}" + folder[1:]
    filled = _VARIABLE.sub(lambda found: variables.get(found[1], "\0"), folder.strip())
    if "\0" in filled or not os.path.isabs(filled):
        return None
    return Path(filled).resolve()
