"""A plugin's manual with its pictures inside of the page; standard library only.

An editor may show the page without knowing which folder it came from: Krita does.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path

MANUAL_NAME = "manual.html"
PICTURES_NAME = "manual"

_TYPES = {".png": "image/png", ".jpg": "image/jpeg"}
_PICTURE = re.compile(rf'(?<=src="){PICTURES_NAME}/[\w-]+\.(?:png|jpg)(?=")')


def with_pictures(manual: Path) -> str:
    """The page's text with each PNG and JPEG itself in place of its name.

    Raises OSError for a picture that is not there.
    """
    text = manual.read_text(encoding="utf-8")
    return _PICTURE.sub(lambda found: _as_data(manual.parent / found[0]), text)


def _as_data(picture: Path) -> str:
    data = base64.b64encode(picture.read_bytes()).decode("ascii")
    return f"data:{_TYPES[picture.suffix]};base64,{data}"
