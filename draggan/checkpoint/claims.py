"""What a file claims about its networks, checked before anything is built; our own modules only.

A claim is JSON from a stranger: each field must be of the right type and in a sane range.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from ..discriminator import DiscriminatorArchitecture
from ..errors import BadCheckpoint
from ..stylegan2 import Architecture, Kind

_MAX_BLOCKS = 10  # up to 2048 px
_MAX_WIDTH = 8192  # channels of a layer, dimensions of z and w
_MAX_CLASSES = 1_000_000
_MAX_MAPPING_LAYERS = 64
_MAX_GROUP = 4096
_HINT = "It may come from a newer version of this program."


def generator_architecture(name: str, claims: Mapping[str, object]) -> Architecture:
    """The generator that the file called `name` states. Raises `BadCheckpoint`."""
    try:
        return Architecture(
            channels=_channels(claims["channels"]),
            z_dim=_whole(claims["z_dim"], 0, _MAX_WIDTH),
            w_dim=_whole(claims["w_dim"], 1, _MAX_WIDTH),
            c_dim=_whole(claims["c_dim"], 0, _MAX_CLASSES),
            kind=_kind(claims["kind"]),
            const_size=_size(claims.get("const_size", [4, 4])),
            mapping_layers=_whole(claims["mapping_layers"], 1, _MAX_MAPPING_LAYERS),
            mapping_width=_optional_width(claims.get("mapping_width")),
            embed_width=_optional_width(claims.get("embed_width")),
            mapping_lr=_positive(claims["mapping_lr"]),
            conv_clamp=_optional_positive(claims["conv_clamp"]),
            use_noise=_flag(claims["use_noise"]),
        )
    except (KeyError, ValueError) as error:
        raise BadCheckpoint(f"{name} states a network that cannot be built.", hint=_HINT) from error


def discriminator_architecture(
    name: str, claims: Mapping[str, object]
) -> DiscriminatorArchitecture:
    """The discriminator that the file called `name` states. Raises `BadCheckpoint`."""
    group = claims.get("group_size")
    try:
        return DiscriminatorArchitecture(
            channels=_channels(claims["channels"]),
            c_dim=_whole(claims["c_dim"], 0, _MAX_CLASSES),
            kind=_kind(claims["kind"]),
            end_size=_size(claims["end_size"]),
            conv_clamp=_optional_positive(claims["conv_clamp"]),
            group_size=None if group is None else _whole(group, 1, _MAX_GROUP),
            group_maps=_whole(claims["group_maps"], 0, _MAX_WIDTH),
            label_width=_whole(claims["label_width"], 0, _MAX_WIDTH),
            mapping_layers=_whole(claims["mapping_layers"], 0, _MAX_MAPPING_LAYERS),
            mapping_width=_optional_width(claims["mapping_width"]),
            embed_width=_optional_width(claims["embed_width"]),
            mapping_lr=_positive(claims["mapping_lr"]),
        )
    except (KeyError, ValueError) as error:
        raise BadCheckpoint(
            f"{name} states a discriminator that cannot be built.", hint=_HINT
        ) from error


def _channels(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_BLOCKS:
        raise ValueError("channels")
    return tuple(_whole(v, 1, _MAX_WIDTH) for v in value)


def _size(value: object) -> tuple[int, int]:
    """Width and height of the smallest maps, 4 on the longer side."""
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("size")
    width, height = _whole(value[0], 1, 4), _whole(value[1], 1, 4)
    if max(width, height) != 4:
        raise ValueError("size")
    return width, height


def _optional_width(value: object) -> int | None:
    return None if value is None else _whole(value, 1, _MAX_WIDTH)


def _optional_positive(value: object) -> float | None:
    return None if value is None else _positive(value)


def _whole(value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(value)
    return value


def _positive(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(value)
    if not 0 < value < 1e6:
        raise ValueError(value)
    return float(value)


def _kind(value: object) -> Kind:
    for kind in get_args(Kind):
        if value == kind:
            return kind
    raise ValueError(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)
    return value
