"""What an edit asks of the daemon, by what the panel is set to; standard library only."""

from __future__ import annotations

from dataclasses import replace

from ..crop import Crop
from ..edit_status import EditOptions
from ..messages import Pasting
from .cut_off import sides_within
from .settings import Settings

PREVIEW_SIDE = 1024  # pixels: larger previews would only cost time


def options_of(
    settings: Settings, crop: Crop, whole: Crop, *, patient: bool = False
) -> EditOptions:
    """The settings as options of an edit inside a `crop` of `whole`.

    `patient`: as in `EditOptions`.
    """
    return EditOptions(
        model=settings.model,
        quality=settings.quality,
        settings=settings.drag_settings(),
        preview_every_ms=settings.preview_ms,
        preview_max_side=PREVIEW_SIDE if max(crop.width, crop.height) > PREVIEW_SIDE else None,
        keep_every=settings.keep_every,
        paste=placed(settings.pasting(), crop, whole),
        angle=settings.angle,
        patient=patient,
    )


def placed(how: Pasting, crop: Crop, whole: Crop) -> Pasting:
    """`how` steps come into a `crop` of `whole`."""
    return replace(how, goes_on=sides_within(crop, whole))
