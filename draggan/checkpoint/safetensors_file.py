"""Networks to safetensors files and back, strictly; torch, safetensors and `stylegan2` only.

The file's metadata holds `format`, `architecture` (JSON) and `card` (JSON). Weights may be stored
in half precision; they always load as float32. Nothing in a file is ever executed.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..errors import BadCheckpoint, CannotWrite
from ..stylegan2 import Architecture, Kind, StyleGAN2
from .card import FORMAT, check_file, damaged, read_header

_MAX_BLOCKS = 10  # up to 2048 px
_MAX_WIDTH = 8192  # channels of a layer, dimensions of z and w
_MAX_CLASSES = 1_000_000
_MAX_MAPPING_LAYERS = 64
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def save_network(
    network: StyleGAN2,
    path: str | Path,
    *,
    metadata: Mapping[str, str],
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write the network and its card atomically; `dtype` is the weights' precision on disk.

    `metadata` are the card's fields: title, family, licence, summary and whatever else. Raises
    `CannotWrite` if the file cannot be written or if weights do not fit into `dtype`.
    """
    path = Path(path)
    tensors = {
        # `clone`: safetensors refuses tensors that share memory.
        name: tensor.detach().cpu().to(dtype).contiguous().clone()
        for name, tensor in network.state_dict().items()
    }
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise CannotWrite(
                f"The weights of {name} are not finite numbers in {dtype}.",
                hint="Save in float32, or train on from an earlier state.",
            )
    header = {
        "format": FORMAT,
        "architecture": json.dumps(network.architecture.to_dict()),
        "card": json.dumps({str(key): str(value) for key, value in metadata.items()}),
    }
    _write_atomically(tensors, path, header)


def load_network(path: str | Path) -> StyleGAN2:
    """The network in a file that `save_network` wrote, in float32 on the CPU, trainable.

    Raises `BadCheckpoint` for files that are truncated, foreign, or whose tensors are not exactly
    those of the architecture that they state.
    """
    path = Path(path)
    network = _empty_network(_checked_architecture(path, read_header(path).architecture))
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    network.load_state_dict(_read_tensors(path, expected), assign=True)
    return network


def _write_atomically(tensors: dict[str, Tensor], path: Path, header: dict[str, str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        try:
            save_file(tensors, part, metadata=header)
            os.chmod(part, 0o644)  # mkstemp's files are readable by their owner alone
            os.replace(part, path)
        except BaseException:
            os.unlink(part)
            raise
    except (OSError, SafetensorError) as error:
        raise CannotWrite(f"The model {path} cannot be written: {error}.") from error


def _empty_network(architecture: Architecture) -> StyleGAN2:
    with torch.device("meta"):  # shapes only: nothing is allocated for a file's mere claims
        return StyleGAN2(architecture)


def _read_tensors(path: Path, expected: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    check_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
            if names != set(expected):
                _refuse_names(path, names, set(expected))
            for name, shape in expected.items():
                if tuple(file.get_slice(name).get_shape()) != shape:
                    raise BadCheckpoint(f"{name} in {path.name} does not have the stated shape.")
            return {name: _checked(path, name, file.get_tensor(name)) for name in expected}
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged(path) from error


def _checked(path: Path, name: str, tensor: Tensor) -> Tensor:
    if tensor.dtype not in _FLOATS:
        raise BadCheckpoint(f"{name} in {path.name} does not hold floating-point numbers.")
    tensor = tensor.to(torch.float32, copy=True)  # a copy: the file may change under its mapping
    if not tensor.isfinite().all():
        raise BadCheckpoint(f"{name} in {path.name} holds values that are not finite.")
    return tensor


def _refuse_names(path: Path, found: set[str], expected: set[str]) -> None:
    missing, foreign = sorted(expected - found), sorted(found - expected)
    what = f"lacks {missing[0]}" if missing else f"has {foreign[0]}, which does not belong there"
    raise BadCheckpoint(
        f"{path.name} {what}.", hint="Its weights are not those of the network that it states."
    )


def _checked_architecture(path: Path, claims: Mapping[str, object]) -> Architecture:
    """The architecture, if each of its fields is of the right type and in a sane range."""
    try:
        return Architecture(
            channels=_channels(claims["channels"]),
            z_dim=_whole(claims["z_dim"], 0, _MAX_WIDTH),
            w_dim=_whole(claims["w_dim"], 1, _MAX_WIDTH),
            c_dim=_whole(claims["c_dim"], 0, _MAX_CLASSES),
            kind=_kind(claims["kind"]),
            const_size=_const_size(claims.get("const_size", [4, 4])),
            mapping_layers=_whole(claims["mapping_layers"], 1, _MAX_MAPPING_LAYERS),
            mapping_width=_optional_width(claims.get("mapping_width")),
            embed_width=_optional_width(claims.get("embed_width")),
            mapping_lr=_positive(claims["mapping_lr"]),
            conv_clamp=None if claims["conv_clamp"] is None else _positive(claims["conv_clamp"]),
            use_noise=_flag(claims["use_noise"]),
        )
    except (KeyError, ValueError) as error:
        raise BadCheckpoint(
            f"{path.name} states a network that cannot be built.",
            hint="It may come from a newer version of this program.",
        ) from error


def _channels(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_BLOCKS:
        raise ValueError("channels")
    return tuple(_whole(v, 1, _MAX_WIDTH) for v in value)


def _const_size(value: object) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("const_size")
    width, height = _whole(value[0], 1, 4), _whole(value[1], 1, 4)
    if max(width, height) != 4:
        raise ValueError("const_size")
    return width, height


def _optional_width(value: object) -> int | None:
    return None if value is None else _whole(value, 1, _MAX_WIDTH)


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
