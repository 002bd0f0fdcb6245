"""Values computed from parameters, kept while those stay what they are; torch only."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


class Derived:
    """A value computed from parameters, kept until one of them is replaced, changed or trainable.

    Frozen weights are the rule while dragging; what depends on them alone costs nothing per step.
    """

    def __init__(self, compute: Callable[..., Tensor | None]) -> None:
        self.compute = compute
        self._kept: tuple[object, tuple[Tensor, ...], Tensor | None] = (None, (), None)

    def __call__(self, *sources: Tensor) -> Tensor | None:
        if any(s.requires_grad for s in sources):
            return self.compute(*sources)
        state = tuple((id(s), _version(s), s.dtype, s.device) for s in sources)
        if self._kept[0] != state:
            with torch.inference_mode(False):  # kept for later, possibly differentiated, calls
                self._kept = (state, sources, self.compute(*sources))  # sources: ids stay taken
        return self._kept[2]

    def __deepcopy__(self, memo: dict[int, object]) -> Derived:
        copied = Derived(self.compute)
        copied._kept = self._kept  # still valid where the copy shares the tensors, else renewed
        return copied


def _version(tensor: Tensor) -> int:
    return 0 if tensor.is_inference() else tensor._version
