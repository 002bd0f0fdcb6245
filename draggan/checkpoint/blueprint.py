"""Networks without weights, ready to be given some; torch only.

A file's mere claims allocate nothing, and no time goes into random numbers that are thrown away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_Network = TypeVar("_Network", bound=nn.Module)
_ELEMENTWISE = {"mul", "div"}


def blueprint(build: Callable[[], _Network]) -> _Network:
    """What `build` makes, with tensors that have a shape and a type but no values (meta)."""
    with torch.device("meta"), _ShapesAlone():
        return build()


class _ShapesAlone(TorchFunctionMode):
    """Arithmetic and random numbers as shapes; torch's own, on meta, take a second to import."""

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        if func is torch.randn:
            return torch.empty(*args, device="meta")  # type: ignore[call-overload]
        if getattr(func, "__name__", "") in _ELEMENTWISE:
            return torch.broadcast_tensors(*(v for v in args if isinstance(v, Tensor)))[0]
        return func(*args, **(kwargs or {}))
