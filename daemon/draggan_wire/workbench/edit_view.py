"""What is to be seen of one document's edit, as a value; standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ..messages import Image, Ready


@dataclass(frozen=True)
class EditView:
    """What the panel shows of a document's edit."""

    state: str = "none"  # none idle connecting opening dragging stopping done failed
    message: str = ""
    hint: str = ""
    fraction: Optional[float] = None
    handles: Tuple[str, ...] = ()  # one status each: placed moving reached stuck lost pinned
    selected: Optional[int] = None
    step: int = 0
    last: int = 0
    ms_per_step: Optional[float] = None
    fit: str = ""  # how well the model knows the picture
    likeness: Optional[Image] = None  # how it paints the picture by itself
    can_reopen: bool = False
    notes: Tuple[str, ...] = ()  # what the user should know of the picture, a sentence each


def words_of_fit(ready: Optional[Ready]) -> str:
    """The verdict on how well the model knows the picture; "" for none."""
    return "" if ready is None else ready.verdict
