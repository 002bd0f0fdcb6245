"""The test rig inside Krita: starts the scenario when the window is up, then ends Krita."""

from krita import Krita

from .driver import Driver

Krita.instance().addExtension(Driver(Krita.instance()))
