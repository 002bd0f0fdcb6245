"""RenderDrag's contact sheet: before, after and the truth of each drag; torch, numpy, Pillow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

from draggan.benchmark.verdict import Dragged, Verdict
from draggan.contact_sheet import ContactSheet
from draggan.critters import render

_SIDE = 256
_HANDLE, _TARGET, _WHITE = (235, 64, 52), (52, 120, 235), (255, 255, 255)


def drag_sheet(
    drags: Sequence[Dragged], verdicts: Sequence[Verdict], *, columns: int = 2, most: int = 24
) -> np.ndarray:
    """uint8 (H, W, 3). Red: handles, at first and where the tracker ended; blue: targets."""
    shown = list(zip(drags, verdicts, strict=True))[:most]
    columns = min(columns, len(shown))
    sheet = ContactSheet(columns, -(-len(shown) // columns), (3 * _SIDE, _SIDE))
    for k, (dragged, verdict) in enumerate(shown):
        caption = _caption(dragged, verdict)
        sheet.put(k % columns, k // columns, _strip(dragged), caption=caption)
    return sheet.array


def _strip(dragged: Dragged) -> np.ndarray:
    """Before, after and the truth side by side."""
    case = dragged.case
    truth = render(case.goal, dragged.after.shape[-1]).image
    panels = (
        _panel(dragged.before, case.handles, case.targets),
        _panel(dragged.after, dragged.points, case.targets),
        _panel(truth, None, case.targets),
    )
    return np.hstack([np.asarray(panel) for panel in panels])


def _caption(dragged: Dragged, verdict: Verdict) -> str:
    end = sum(verdict.fitted) / len(verdict.fitted)
    claim = "reached" if all(verdict.reached) else "/".join(sorted(set(dragged.statuses)))
    return (
        f"{dragged.case.task.name} - {dragged.options}: {dragged.steps} steps, says {claim}, "
        f"landmark {end:.1f} px away - right: the truth"
    )


def _panel(picture: Tensor, points: Tensor | None, targets: Tensor) -> Image.Image:
    pixels = ((picture[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    image = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    scale = _SIDE / picture.shape[-1]
    draw = ImageDraw.Draw(image)
    for colour, places in ((_TARGET, targets), (_HANDLE, points)):
        for x, y in [] if places is None else (places * scale).tolist():
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour, outline=_WHITE)
    return image
