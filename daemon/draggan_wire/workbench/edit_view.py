"""What is to be seen of one document's edit, as a value; standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ..messages import Ready


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
    can_reopen: bool = False


def words_of_fit(ready: Optional[Ready]) -> str:
    """The verdict on how well the model knows the picture, with its figure; "" for none."""
    if ready is None or not ready.verdict:
        return ""
    figure = f" ({ready.psnr:.1f} dB)" if ready.psnr is not None else ""
    return f"{ready.verdict}{figure}"
