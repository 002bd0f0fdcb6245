"""Hears a widget's "draw" signal with the bare cairo_t; imports no gi and no pycairo.

pygobject cannot hand a handler its context without pycairo, so the signal is connected to in C.
"""

from __future__ import annotations

import ctypes
import sys
import traceback
from functools import lru_cache
from typing import Any, Callable

from . import libraries
from .cairo import Context

NAMES = ("libgobject-2.0.so.0", "libgobject-2.0-0.dll", "libgobject-2.0.0.dylib")

_P = ctypes.c_void_p
_Handler = ctypes.CFUNCTYPE(ctypes.c_int, _P, _P, _P)  # gboolean (widget, cairo_t, data)


class DrawSignal:
    """Calls `draw(context)` whenever the widget is to be drawn, until it is destroyed.

    An exception in `draw` never reaches C: it is printed, and handed to `failed`, once. Raises
    WireError where cairo or GObject cannot be loaded.
    """

    def __init__(
        self, widget: Any, draw: Callable[[Context], None], failed: Callable[[Exception], None]
    ) -> None:
        self._draw, self._failed = draw, failed
        self._reported = False
        self._handler = _Handler(self._called)  # C does not keep it
        self._instance = pointer_of(widget)
        self._id = _gobject().g_signal_connect_data(
            self._instance, b"draw", ctypes.cast(self._handler, _P), None, None, 0
        )
        # Also what keeps this object alive for as long as the widget.
        widget.connect("destroy", self._disconnect)

    def _called(self, widget: int, context: int, data: int) -> int:
        try:
            self._draw(Context(context))
        except Exception as error:
            self._report(error)
        return 0

    def _report(self, error: Exception) -> None:
        if self._reported:
            return
        self._reported = True
        traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
        self._failed(error)

    def _disconnect(self, _: Any) -> None:
        number, self._id = self._id, 0
        if number:
            _gobject().g_signal_handler_disconnect(self._instance, number)


def pointer_of(instance: Any) -> int:
    """The address of the C object that a pygobject wrapper stands for."""
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = _P, [ctypes.py_object, ctypes.c_char_p]
    return int(get(instance.__gpointer__, None))


@lru_cache(maxsize=1)
def _gobject() -> ctypes.CDLL:
    library = libraries.load(NAMES, "gobject-2.0")
    connect, disconnect = library.g_signal_connect_data, library.g_signal_handler_disconnect
    connect.restype, connect.argtypes = (
        ctypes.c_ulong,
        [_P, ctypes.c_char_p, _P, _P, _P, ctypes.c_int],
    )
    disconnect.restype, disconnect.argtypes = None, [_P, ctypes.c_ulong]
    return library
