"""A preparation under way, on disk: samples and what was learnt from them; torch and safetensors.

Nothing that is read is believed: another generator's, a damaged or a forged file counts as none.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from .encoder import SIDE, recognised, witnesses
from .encoder_training import Lessons, Teaching
from .generator import Generator
from .writing import replacing

FORMAT = "draggan-preparation-1"
LARGEST = 1 << 30  # bytes of a file that is read at all
_UNREADABLE = (OSError, SafetensorError, KeyError, ValueError, RuntimeError, OverflowError)


def save_lessons(path: Path, generator: Generator, lessons: Lessons, *, seconds: float) -> None:
    """Write samples, whole or not at all. Raises CannotWrite."""
    _write(path, generator, {"v": lessons.v, "pictures": lessons.pictures}, seconds=seconds)


def read_lessons(path: Path, generator: Generator) -> tuple[Lessons, float] | None:
    """The samples stored there and the seconds spent, if they are this generator's."""
    found = _read(path, generator)
    if found is None:
        return None
    tensors, numbers = found
    v, pictures = tensors.get("v"), tensors.get("pictures")
    if v is None or pictures is None or v.dtype != torch.float32:
        return None
    shapes = v.shape == (len(v), generator.w_dim) and pictures.shape == (len(v), 3, SIDE, SIDE)
    if not shapes or not len(v) or pictures.dtype != torch.uint8 or not torch.isfinite(v).all():
        return None
    return Lessons(v, pictures), numbers["seconds"]


def save_teaching(path: Path, teaching: Teaching, *, seconds: float) -> None:
    """Write the network, its average and what counts. Raises CannotWrite."""
    tensors = {f"network.{k}": v for k, v in teaching.network.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in teaching.average.state_dict().items()}
    tensors["metric"] = teaching.metric
    _write(path, teaching.generator, tensors, seconds=seconds, steps=teaching.steps)


def read_teaching(path: Path, generator: Generator) -> tuple[Teaching, float] | None:
    """What is stored there, ready to go on, and the seconds spent on it.

    The momenta are not kept: a short warm-up brings them back.
    """
    found = _read(path, generator)
    if found is None:
        return None
    tensors, numbers = found
    metric = tensors.get("metric")
    if metric is None or metric.shape != (generator.w_dim, generator.w_dim):
        return None
    if not all(bool(torch.isfinite(v).all()) for v in tensors.values()):
        return None
    teaching = Teaching(generator, metric, seed=int(numbers["steps"]))  # unseen lessons
    try:
        for prefix, network in (("network.", teaching.network), ("average.", teaching.average)):
            network.load_state_dict(
                {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
            )
    except RuntimeError:  # names or shapes of another network
        return None
    teaching.steps = int(numbers["steps"])
    return teaching, numbers["seconds"]


def _write(
    path: Path,
    generator: Generator,
    tensors: Mapping[str, Tensor],
    *,
    seconds: float,
    steps: int = 0,
) -> None:
    header = {"format": FORMAT, "seconds": repr(float(seconds)), "steps": str(steps)}
    whole = {name: v.contiguous().cpu() for name, v in tensors.items()}
    whole["witnesses"] = witnesses(generator)
    with replacing(path) as file:
        file.write(save(whole, metadata=header))


def _read(path: Path, generator: Generator) -> tuple[dict[str, Tensor], dict[str, float]] | None:
    """Tensors and numbers of a file that was written for this generator."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        numbers = {name: float(header[name]) for name in ("seconds", "steps")}
        shown = tensors.pop("witnesses").float()
    except _UNREADABLE:
        return None
    sensible = all(0 <= n < 1e9 for n in numbers.values())  # NaN is not
    if header.get("format") != FORMAT or not sensible or not recognised(shown, generator):
        return None
    return tensors, numbers
