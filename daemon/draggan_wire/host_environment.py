"""The environment for programs of the system, without what a bundled editor has put in; stdlib.

An AppImage or a snap points LD_LIBRARY_PATH, PATH, PYTHONHOME and others into itself. A program of
the system that is started with those loads the bundle's libraries and breaks.
"""

from __future__ import annotations

import os
from typing import Dict, List, Mapping

BUNDLES = ("APPDIR", "SNAP")  # variables that hold the bundle's own folder


def system_environment(environ: Mapping[str, str]) -> Dict[str, str]:
    """`environ` without the entries that lie inside the bundle; all else is as it was."""
    roots = [os.path.normpath(environ[name]) for name in BUNDLES if environ.get(name, "/") != "/"]
    kept: Dict[str, str] = {}
    for name, value in environ.items():
        entries = value.split(os.pathsep)
        outside = [entry for entry in entries if not _is_inside(entry, roots)]
        if len(outside) == len(entries):
            kept[name] = value
        elif any(outside):
            kept[name] = os.pathsep.join(entry for entry in outside if entry)
    return kept


def _is_inside(entry: str, roots: List[str]) -> bool:
    place = os.path.normpath(entry) if entry.startswith("/") else entry
    return any(place == root or place.startswith(root + os.sep) for root in roots)
