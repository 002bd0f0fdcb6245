"""Imports the Krita plugin's modules outside Krita, without the `__init__` that needs Krita.

words = load("draggan_wire.workbench.words")
application = qt_application()      # skips the test where PyQt6 is not installed
panel = load("widgets.docker").Panel(studio)
krita = fake_krita()               # the same, with a small Krita for what `host/` imports
"""

from __future__ import annotations

import atexit
import functools
import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from draggan.plugins.assembly import assemble

PACKAGE = "draggan_krita"


def load(name: str) -> ModuleType:
    """A module of the assembled plugin: "words", "widgets.docker", "draggan_wire.edit"..."""
    if PACKAGE not in sys.modules:
        folder = Path(tempfile.mkdtemp(prefix="draggan-krita-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        assemble("krita", folder)
        package = ModuleType(PACKAGE)
        package.__path__ = [str(folder / PACKAGE)]
        sys.modules[PACKAGE] = package
    return importlib.import_module(f"{PACKAGE}.{name}")


@functools.cache  # whoever asks first may not keep it
def qt_application() -> Any:
    """The process's QApplication, drawing to memory; skips the test without PyQt6."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    widgets = pytest.importorskip("PyQt6.QtWidgets", exc_type=ImportError)
    return widgets.QApplication.instance() or widgets.QApplication([])


def fake_krita() -> Any:
    """A small Krita in memory with nothing open, as `krita`; skips the test without PyQt6."""
    qt_application()
    load("qt")  # before `krita` is there: its presence would mean a Krita with Qt 5
    sys.modules["krita"] = importlib.import_module("tests.fake_krita")
    return sys.modules["krita"].Krita.restart()
