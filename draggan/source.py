"""The picture that an edit is about, and how the model sees it; imports torch and numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import inversion
from .editor_input import picture_mask
from .errors import BadInput
from .frame import Frame
from .pixels import as_native
from .viewing import View, view


@dataclass(frozen=True)
class Source:
    """A picture that was set, with what was asked of its inversion."""

    native: NDArray  # (h, w, C), a copy
    flat: bool  # it came without a channel axis
    frame: Frame
    seen: View
    weight: NDArray | None  # (h, w) in [0, 1]
    quality: str

    @classmethod
    def of(
        cls, picture: NDArray, model: tuple[int, int], *, quality: str, weight: NDArray | None
    ) -> Source:
        """Look at a caller's picture as a model of (width, height) does.

        Raises BadPicture for arrays that are no pictures, BadInput for a wrong weight or quality.
        """
        if quality not in inversion.QUALITIES:
            names = ", ".join(inversion.QUALITIES)
            raise BadInput(f"There is no quality called {quality!r}.", hint=f"Use {names}.")
        native = as_native(picture).copy()
        frame = Frame((native.shape[1], native.shape[0]), model)
        if weight is not None:
            weight = picture_mask(weight, frame.picture, "weight")
        seen = view(native, frame, weight)
        return cls(native, np.ndim(picture) == 2, frame, seen, weight, quality)
