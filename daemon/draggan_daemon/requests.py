"""What an `open` or `drag` asks for, held against this daemon's models and limits; no sockets."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

from draggan_wire.errors import EngineFailed, LimitExceeded
from draggan_wire.messages import Blob, Drag, Image, Limits, ModelInfo, Open

MAX_HEADER = 1 << 16  # of saved data, in bytes


def picture_size(request: Open, models: Sequence[ModelInfo], limits: Limits) -> tuple[int, int]:
    """Width and height of the picture that the session will have.

    Raises EngineFailed for a model that is not there and for damaged saved data, LimitExceeded.
    """
    model = _model(request.model, models)
    for image in (request.image, request.weight):
        check_image(image, limits)
    if request.image is not None:
        return request.image.width, request.image.height
    width, height = model.width, model.height
    if request.saved is not None:
        width, height = _saved_size(request.saved) or (width, height)
        _check_pixels(width, height, limits)
    return width, height


def check_drag(request: Drag, limits: Limits) -> None:
    """Raises LimitExceeded for too many handles and for a mask that is too large."""
    if len(request.handles) > limits.max_handles:
        raise LimitExceeded(
            f"This daemon takes at most {limits.max_handles} handles.", hint="Remove some handles."
        )
    check_image(request.mask, limits)


def check_image(image: Image | None, limits: Limits) -> None:
    """Raises LimitExceeded for more pixels than this daemon takes."""
    if image is not None:
        _check_pixels(image.width, image.height, limits)


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        raise LimitExceeded(
            f"A picture of {width} x {height} pixels is more than this daemon's "
            f"limit of {limits.max_pixels}.",
            hint="Select a smaller region, or raise max_pixels in the daemon's settings.",
        )


def _model(name: str, models: Sequence[ModelInfo]) -> ModelInfo:
    for model in models:
        if model.id == name:
            return model
    known = ", ".join(model.id for model in models) or "none"
    raise EngineFailed(
        f"There is no model called '{name}' here.",
        hint=f"Models of this daemon: {known}.",
        code="unknown_model",
    )


def _saved_size(saved: Blob) -> tuple[int, int] | None:
    """(width, height) of the picture in saved data; None where there is none, as for a seed.

    Only the head is read, so that the client can be answered at once; the engine reads it all.
    """
    try:
        shape = _saved_shape(memoryview(saved.data))
        if shape is None:
            return None
        height, width, channels = shape
        if all(type(side) is int and side > 0 for side in (width, height, channels)):
            return width, height
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, struct.error):
        pass
    raise EngineFailed(
        "The saved edit is damaged.",
        hint="Open the picture itself, and drag it from its start.",
        code="bad_saved",
    )


def _saved_shape(data: memoryview) -> Any:
    """What the header, safetensors' own, says of the picture's tensor."""
    (length,) = struct.unpack_from("<Q", data)
    if length > MAX_HEADER:
        raise ValueError
    picture = json.loads(bytes(data[8 : 8 + length])).get("picture")
    return None if picture is None else picture["shape"]
