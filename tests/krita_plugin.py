"""Imports the Krita plugin's modules outside Krita, without the `__init__` that needs Krita.

words = load("words")
application = qt_application()      # skips the test where PyQt6 is not installed
docker = load("widgets.docker")
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "krita_plugin" / "draggan_krita"
PACKAGE = "draggan_krita"


def load(name: str) -> ModuleType:
    """The plugin's module of that name ("words", "widgets.docker", "draggan_wire.edit")."""
    if PACKAGE not in sys.modules:
        package = ModuleType(PACKAGE)
        # The second folder holds draggan_wire, which assembly lays into the plugin.
        package.__path__ = [str(SOURCE), str(ROOT / "daemon")]
        sys.modules[PACKAGE] = package
    return importlib.import_module(f"{PACKAGE}.{name}")


def qt_application() -> Any:
    """The process's QApplication, drawing to memory; skips the test without PyQt6."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    widgets = pytest.importorskip("PyQt6.QtWidgets")
    return widgets.QApplication.instance() or widgets.QApplication([])
