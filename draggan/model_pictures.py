"""The model's own pictures of an edit's states, and what moved where between them; torch only.

What a picture has and its latent cannot say is a feature residual, fitted at the start. It is
carried along with what it belongs to, so the motion comes first: from the features and pictures of
the latents alone. A state's picture depends on the start and on the state, not on the way between.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .correspondence import Correspondence, correspondence
from .generator import Features, Generator
from .precision import fast_precision
from .residual import FeatureResidual, added, carried


@dataclass(frozen=True)
class Moved:
    """The model's picture of a state (1, 3, H, W) in [-1, 1], not clamped, and what moved to it."""

    picture: Tensor
    features: Features  # without the residual
    correspondence: Correspondence
    residual: Tensor | None  # (1, C, h, w), as it lies in `picture`


@dataclass(frozen=True)
class _Start:
    ws: Tensor
    features: Features
    bare: Tensor  # the picture without the residual
    picture: Tensor


class ModelPictures:
    """Draws the states of one edit: `generator` is the tuned one, `ws` the start's latent."""

    def __init__(self, generator: Generator, ws: Tensor, residual: FeatureResidual | None) -> None:
        self.generator, self.residual = generator, residual
        self._ws = ws
        self._known: _Start | None = None

    @property
    @torch.no_grad()
    def start(self) -> Tensor:
        """The picture of the start, (1, 3, H, W)."""
        return self._start().picture

    @property
    @torch.no_grad()
    def start_features(self) -> Features:
        """The start's features, without the residual."""
        return self._start().features

    def _start(self) -> _Start:
        if self._known is None:
            features = self._features(self._ws)
            bare = self.generator.render_from(features, self._ws)
            picture = bare
            if self.residual is not None:
                full = self.residual.added(features)
                picture = self.generator.render_from(full, self._ws)
            self._known = _Start(self._ws, features, bare, picture)
        return self._known

    @torch.no_grad()
    def moved(self, ws: Tensor, *, draft: bool = False, fresh: Features | None = None) -> Moved:
        """The state of latent `ws` (1, num_ws, w_dim).

        A `draft` may be computed in half precision and go on from `fresh`, the features that a
        step has left of this very latent; those were computed by faster ways, which round in
        another order.
        """
        start = self._start()
        precision = fast_precision(self.generator.device) if draft else None
        features = self._features(ws) if fresh is None else self.generator.whole(fresh, ws)
        bare = self.generator.render_from(features, ws, precision=precision)
        found = correspondence(start.features, features, pictures=(start.bare, bare))
        if self.residual is None:
            return Moved(bare, features, found, None)
        change = carried(self.residual, found)
        full = added(features, change.to(features.map))
        picture = self.generator.render_from(full, ws, precision=precision)
        return Moved(picture, features, found, change)

    def _features(self, ws: Tensor) -> Features:
        return self.generator.features(ws, self.generator.drag_block())
