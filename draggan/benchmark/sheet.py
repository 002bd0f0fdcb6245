"""RenderDrag's contact sheet: before, after and the truth of each drag; Pillow through `report`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from draggan.benchmark.verdict import Dragged, Verdict
from draggan.critters import render

_SIDE = 256
_CAPTION = 18
_HANDLE, _TARGET, _WHITE = (235, 64, 52), (52, 120, 235), (255, 255, 255)


def drag_sheet(
    drags: Sequence[Dragged], verdicts: Sequence[Verdict], *, columns: int = 2, most: int = 24
) -> np.ndarray:
    """uint8 (H, W, 3). Red: handles, at first and where the tracker ended; blue: targets."""
    shown = list(zip(drags, verdicts, strict=True))[:most]
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    width, height = 3 * _SIDE + 6, _SIDE + _CAPTION
    sheet = Image.new("RGB", (columns * width, rows * height), _WHITE)
    for k, (dragged, verdict) in enumerate(shown):
        strip = _strip(dragged, verdict, (width, height))
        sheet.paste(strip, (k % columns * width, k // columns * height))
    return np.asarray(sheet)


def _strip(dragged: Dragged, verdict: Verdict, size: tuple[int, int]) -> Image.Image:
    case = dragged.case
    truth = render(case.goal, dragged.after.shape[-1]).image
    strip = Image.new("RGB", size, _WHITE)
    panels = (
        _panel(dragged.before, case.handles, case.targets),
        _panel(dragged.after, dragged.points, case.targets),
        _panel(truth, None, case.targets),
    )
    for k, panel in enumerate(panels):
        strip.paste(panel, (k * _SIDE, _CAPTION))
    end = sum(verdict.fitted) / len(verdict.fitted)
    claim = "reached" if all(verdict.reached) else "/".join(sorted(set(dragged.statuses)))
    caption = (
        f"{case.task.name} - {dragged.options}: {dragged.steps} steps, says {claim}, "
        f"landmark {end:.1f} px away - right: the truth"
    )
    ImageDraw.Draw(strip).text((4, 2), caption, fill=(0, 0, 0), font=ImageFont.load_default(12))
    return strip


def _panel(picture: Tensor, points: Tensor | None, targets: Tensor) -> Image.Image:
    pixels = ((picture[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
    image = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    scale = _SIDE / picture.shape[-1]
    draw = ImageDraw.Draw(image)
    for colour, places in ((_TARGET, targets), (_HANDLE, points)):
        for x, y in [] if places is None else (places * scale).tolist():
            draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour, outline=_WHITE)
    return image
