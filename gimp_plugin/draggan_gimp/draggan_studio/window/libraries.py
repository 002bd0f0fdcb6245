"""Finds shared libraries that Gtk has brought into this process; standard library only, no gi.

GIMP has its own copies in a flatpak, in GIMP.app and beside gimp.exe: the very file that is loaded
already is the one to bind. Its plain name is for when there is none yet.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from typing import Iterator, List, Tuple

from ..draggan_wire.errors import WireError

_MAX_PATH = 32768


def load(names: Tuple[str, ...], plain: str) -> ctypes.CDLL:
    """A library by its file names on the systems, or by its plain name ("cairo").

    Raises WireError where it is nowhere to be found.
    """
    for candidate in _candidates(names, plain):
        try:
            return ctypes.CDLL(candidate)
        except OSError:
            continue
    raise WireError(
        f"The library {plain}, which Gtk draws with, cannot be loaded.",
        hint=f"Install GIMP anew from gimp.org, or {names[0]} with your system's packages.",
    )


def _candidates(names: Tuple[str, ...], plain: str) -> Iterator[str]:
    yield from _loaded(names)
    yield from names
    found = ctypes.util.find_library(plain)
    if found:
        yield found


def _loaded(names: Tuple[str, ...]) -> List[str]:
    """Full paths of those that this process has loaded; Linux finds them by name alone."""
    if sys.platform == "win32":
        return _loaded_on_windows(names)
    if sys.platform == "darwin":
        return [path for path in _loaded_on_macos() if os.path.basename(path) in names]
    return []


def _loaded_on_macos() -> List[str]:
    system = ctypes.CDLL(None)
    count, name = system._dyld_image_count, system._dyld_get_image_name
    count.restype, count.argtypes = ctypes.c_uint32, []
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.c_uint32]
    return [os.fsdecode(name(index) or b"") for index in range(count())]


def _loaded_on_windows(names: Tuple[str, ...]) -> List[str]:
    if sys.platform != "win32":
        return []
    kernel = ctypes.WinDLL("kernel32")
    handle_of, path_of = kernel.GetModuleHandleW, kernel.GetModuleFileNameW
    handle_of.restype, handle_of.argtypes = ctypes.c_void_p, [ctypes.c_wchar_p]
    path_of.restype = ctypes.c_uint32
    path_of.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_uint32]
    found = []
    for name in names:
        handle = handle_of(name)
        buffer = ctypes.create_unicode_buffer(_MAX_PATH)
        if handle and path_of(handle, buffer, _MAX_PATH):
            found.append(buffer.value)
    return found
