"""A sheet of small pictures with captions below them; imports Pillow and numpy, never torch."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_PAPER, _INK = (246, 246, 244), (20, 20, 24)
_LONGEST, _SHORTEST = 256, 64  # sides of a tile, px
_SHEET_SIDE = 8192
_GAP = 4


def tile_for(picture: tuple[int, int], columns: int, rows: int) -> tuple[int, int]:
    """(W, H) of a tile for pictures of that size: small enough for the sheet to stay handy."""
    longest = min(_LONGEST, max(_SHORTEST, _SHEET_SIDE // max(columns, rows) - 32))
    scale = longest / max(picture)
    return max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))


class ContactSheet:
    """`columns` x `rows` tiles of (W, H) pixels, filled one by one."""

    def __init__(self, columns: int, rows: int, tile: tuple[int, int]) -> None:
        self._tile = tile
        self._letters = max(12, min(18, max(tile) // 14))
        self._caption = self._letters * 3 // 2
        self._pitch = (tile[0] + _GAP, tile[1] + self._caption + _GAP)
        size = (columns * self._pitch[0] + _GAP, rows * self._pitch[1] + _GAP)
        self._sheet = Image.new("RGB", size, _PAPER)

    def put(self, column: int, row: int, pixels: np.ndarray, *, caption: str = "") -> None:
        """Places uint8 (H, W, 3), scaled to the tile."""
        image = Image.fromarray(pixels)
        smaller = image.width > self._tile[0]
        kind = Image.Resampling.LANCZOS if smaller else Image.Resampling.BICUBIC
        x, y = _GAP + column * self._pitch[0], _GAP + row * self._pitch[1]
        self._sheet.paste(image.resize(self._tile, kind), (x, y))
        middle = (x + self._tile[0] / 2, y + self._tile[1] + self._caption / 2)
        font = self._font_for(caption)
        ImageDraw.Draw(self._sheet).text(middle, caption, _INK, font, anchor="mm")

    @property
    def array(self) -> np.ndarray:
        """uint8 (H, W, 3)."""
        return np.asarray(self._sheet)

    def _font_for(self, caption: str) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        """Smaller letters for what is too long for its tile."""
        font = ImageFont.load_default(self._letters)
        share = self._tile[0] / max(1.0, font.getlength(caption))
        return font if share >= 1 else ImageFont.load_default(max(6, int(self._letters * share)))
