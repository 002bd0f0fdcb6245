"""What the keys of the picture area do, by the names that Gdk has for them; imports nothing."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

TOOLS = {"h": "handles", "b": "paint", "e": "erase"}
NUDGES: Dict[str, Tuple[int, int]] = {
    "Left": (-1, 0),
    "Right": (1, 0),
    "Up": (0, -1),
    "Down": (0, 1),
}
FAR = 10  # pixels of the document: a nudge with Shift

_PLAIN = {
    "plus": "zoom in",
    "equal": "zoom in",
    "minus": "zoom out",
    "1": "actual size",
    "0": "fit",
    "f": "fit",
    "Delete": "delete",
    "BackSpace": "delete",
    "Escape": "escape",
    "bracketleft": "smaller brush",
    "bracketright": "larger brush",
}
_KEYPAD = {"KP_Add": "plus", "KP_Subtract": "minus", "KP_Insert": "0", "KP_End": "1"}


def action_of(key: str, *, control: bool, shift: bool) -> Optional[str]:
    """One of the actions above, "undo", "redo", or the key's own name for tools and nudges.

    None for what the area has no use for.
    """
    name = _KEYPAD.get(key, key[3:] if key.startswith("KP_") else key)
    name = name.lower() if len(name) == 1 else name
    if control:
        if name == "z":
            return "redo" if shift else "undo"
        zooms = name in ("plus", "equal", "minus", "0", "1")
        return "redo" if name == "y" else _PLAIN[name] if zooms else None
    if name in TOOLS or name in NUDGES:
        return name
    return _PLAIN.get(name)
