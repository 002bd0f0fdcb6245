"""Imports the GIMP plug-in's modules outside GIMP, from where the assembly lays them.

arguments = load("arguments")
view = load("window.view")          # of `window` only what needs no Gtk
"""

from __future__ import annotations

import atexit
import functools
import importlib
import shutil
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from draggan.plugins.assembly import assemble

PACKAGE = "draggan_studio"


def load(name: str) -> ModuleType:
    """A module of the assembled plug-in: "arguments", "window.view", "draggan_wire.edit"..."""
    folder = str(assembled() / "draggan_gimp")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(f"{PACKAGE}.{name}")


@functools.cache
def assembled() -> Path:
    """A folder with the plug-in, as `draggan install gimp` lays it."""
    folder = Path(tempfile.mkdtemp(prefix="draggan-gimp-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    assemble("gimp", folder)
    return folder
