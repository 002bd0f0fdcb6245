"""Networks to safetensors files and back, strictly; torch, safetensors and our networks only.

One file holds a generator under its own names and perhaps, as `discriminator.*`, the network that
it was trained against and, as `statistics.*`, what was measured of it: `w_mean` (w_dim,) and
`w_covariance` (w_dim, w_dim) of its latents, `b<r>.mean` and `b<r>.std` (C,) of its feature maps at
block r. The metadata holds `format`, `architecture` (JSON), `card` (JSON), and perhaps
`discriminator` (its architecture, JSON) and `source` (JSON: the file that it was imported from).

Weights may be stored in half precision; they always load as float32. Nothing in a file is ever
executed.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..discriminator import Discriminator
from ..errors import BadCheckpoint, CannotWrite
from ..generator import Prior
from ..stylegan2 import StyleGAN2
from .blueprint import blueprint
from .card import (
    DISCRIMINATOR,
    FORMAT,
    STATISTICS,
    Header,
    Source,
    check_file,
    damaged,
    read_header,
)
from .claims import discriminator_architecture, generator_architecture

_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_MEAN, _COVARIANCE = f"{STATISTICS}w_mean", f"{STATISTICS}w_covariance"
_Network = TypeVar("_Network", bound=nn.Module)


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
    tensors, header = model_file(network, metadata=metadata)
    tensors = {name: tensor.to(dtype) for name, tensor in tensors.items()}
    for name, tensor in tensors.items():
        if not _finite(tensor):
            raise CannotWrite(
                f"The weights of {name} are not finite numbers in {dtype}.",
                hint="Save in float32, or train on from an earlier state.",
            )
    _write_atomically(tensors, path, header)


def model_file(
    network: StyleGAN2,
    *,
    metadata: Mapping[str, str],
    discriminator: Discriminator | None = None,
    statistics: Mapping[str, Tensor] | None = None,
    source: Source | None = None,
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors and all metadata of a model's file, ready for safetensors."""
    tensors = dict(network.state_dict())
    header = {
        "format": FORMAT,
        "architecture": json.dumps(network.architecture.to_dict()),
        "card": json.dumps({str(key): str(value) for key, value in metadata.items()}),
    }
    if discriminator is not None:
        header["discriminator"] = json.dumps(discriminator.architecture.to_dict())
        own = discriminator.state_dict().items()
        tensors.update({DISCRIMINATOR + name: tensor for name, tensor in own})
    if source is not None:
        header["source"] = source.json()
    tensors.update({STATISTICS + name: value for name, value in (statistics or {}).items()})
    return _separate(tensors), header


def load_network(path: str | Path) -> StyleGAN2:
    """The network in a file that `save_network` wrote, in float32 on the CPU, trainable.

    Raises `BadCheckpoint` for files that are truncated, foreign, or whose tensors are not exactly
    those of the networks that they state.
    """
    path = Path(path)
    header = read_header(path)
    architecture = generator_architecture(path.name, header.architecture)
    return _filled(path, header, lambda: StyleGAN2(architecture), prefix="")


def load_discriminator(path: str | Path) -> Discriminator | None:
    """The discriminator in the model file at `path`, None if there is none; as `load_network`."""
    path = Path(path)
    header = read_header(path)
    if header.discriminator is None:
        return None
    architecture = discriminator_architecture(path.name, header.discriminator)
    return _filled(path, header, lambda: Discriminator(architecture), prefix=DISCRIMINATOR)


def load_prior(path: str | Path) -> Prior | None:
    """What was measured of w, float32, or None if the file does not say. Raises BadCheckpoint."""
    path = Path(path)
    header = read_header(path)
    if _MEAN not in header.tensors and _COVARIANCE not in header.tensors:
        return None
    width = generator_architecture(path.name, header.architecture).w_dim
    tensors = _read_tensors(path, {_MEAN: (width,), _COVARIANCE: (width, width)})
    return Prior(mean=tensors[_MEAN], covariance=tensors[_COVARIANCE])


def _filled(path: Path, header: Header, build: Callable[[], _Network], *, prefix: str) -> _Network:
    """The network that `build` makes, with the tensors of the file whose names begin so."""
    try:
        network = blueprint(build)
    except (ValueError, ArithmeticError, RuntimeError) as error:  # widths that fit none
        raise BadCheckpoint(f"{path.name} states a network that cannot be built.") from error
    wanted = {prefix + name: tuple(v.shape) for name, v in network.state_dict().items()}
    _check_names(path, header, set(wanted), prefix)
    tensors = _read_tensors(path, wanted)
    own = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    network.load_state_dict(own, assign=True)
    return network


def _check_names(path: Path, header: Header, expected: set[str], prefix: str) -> None:
    others = {DISCRIMINATOR, STATISTICS} if header.discriminator is not None else {STATISTICS}
    others.discard(prefix)
    found = {n for n in header.tensors if n.startswith(prefix)}
    if not prefix:
        found = {n for n in found if not n.startswith(tuple(others))}
    missing, foreign = sorted(expected - found), sorted(found - expected)
    if missing or foreign:
        what = f"lacks {missing[0]}" if missing else f"has {foreign[0]}, which is not the network's"
        raise BadCheckpoint(
            f"{path.name} {what}.", hint="Its weights are not those of the network that it states."
        )


def _read_tensors(path: Path, expected: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The named tensors in float32, finite and of exactly these shapes. Raises BadCheckpoint."""
    check_file(path)
    try:
        with safe_open(path, framework="pt") as file:
            if missing := set(expected) - set(file.keys()):
                raise BadCheckpoint(f"{path.name} lacks {min(missing)}.")
            for name, shape in expected.items():
                if tuple(file.get_slice(name).get_shape()) != shape:
                    raise BadCheckpoint(f"{name} in {path.name} does not have the stated shape.")
            return {name: _checked(path, name, file.get_tensor(name)) for name in expected}
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged(path) from error


def _checked(path: Path, name: str, tensor: Tensor) -> Tensor:
    if tensor.dtype not in _FLOATS:
        raise BadCheckpoint(f"{name} in {path.name} does not hold floating-point numbers.")
    # A copy, as the file may change under its mapping; in the order that convolutions want.
    order = torch.channels_last if tensor.ndim == 4 else torch.preserve_format
    tensor = tensor.to(torch.float32, copy=True, memory_format=order)
    if not _finite(tensor):
        raise BadCheckpoint(f"{name} in {path.name} holds values that are not finite.")
    return tensor


def _finite(tensor: Tensor) -> bool:
    """Whether all values are; in one pass and without a copy, as `isfinite` is not."""
    if not tensor.numel():
        return True
    low, high = tensor.aminmax()  # a single NaN makes both NaN
    return bool(low.isfinite() & high.isfinite())


def _separate(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous, on the CPU, none sharing memory with another: what safetensors takes."""
    seen: set[int] = set()
    result = {}
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        whole = tensor.untyped_storage().nbytes() == tensor.nbytes
        if tensor.data_ptr() in seen or not whole:
            tensor = tensor.clone()
        seen.add(tensor.data_ptr())
        result[name] = tensor
    return result


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
