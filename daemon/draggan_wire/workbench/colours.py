"""What colour each state of a handle has, on the canvas and in lists; imports nothing.

Okabe and Ito's palette, which colour-blind people can tell apart too; still, nothing is said by
colour alone: every state has a mark of its own as well.
"""

from __future__ import annotations

from typing import Dict

STATUS_COLOURS: Dict[str, str] = {  # "#rrggbb"
    "placed": "#56b4e9",
    "moving": "#f0e442",
    "reached": "#009e73",
    "stuck": "#e69f00",
    "lost": "#d55e00",
    "pinned": "#cc79a7",
}
HALO_COLOUR = "#ffffff"
OUTLINE_COLOUR = "#141414"
