#!/usr/bin/env python3
"""The plug-in's program, which GIMP starts; all that it does is in the package beside it.

Its own folder is the first place where Python looks for modules. No Gtk here: GIMP also starts it
without a display.
"""

from __future__ import annotations

import sys

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")

from draggan_studio.procedure import DragGan  # noqa: E402
from gi.repository import Gimp  # noqa: E402

Gimp.main(DragGan.__gtype__, sys.argv)
