"""One state of an edit's timeline; imports torch and numpy for its types and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class State:
    """One state of the edit: its latent, where the handles are, and what has been free to move."""

    ws: Tensor  # (1, num_ws, w_dim)
    points: Tensor  # (N, 2), picture pixels
    mask: NDArray | None = None  # (h, w) in [0, 1]; None: everything

    @classmethod
    def start(cls, ws: Tensor) -> State:
        """The first one: no handles yet."""
        return cls(ws, torch.zeros(0, 2))
