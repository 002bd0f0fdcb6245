"""The interface that every generator family fills: latents in, features and pictures out.

Imports torch only.

Coordinates, defined here for the whole library: a point is (x, y) in floats, x before y. A picture
of W x H pixels covers [0, W] x [0, H]; the pixel in column i and row j has its centre at
(i + .5, j + .5). Feature grids follow the same convention with cells in place of pixels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

import torch
from torch import Tensor

# What roughens a picture: nothing, the maps stored with the model, or random ones, drawn from
# torch's global generator or from the given one.
Noise = Literal["none", "const", "random"] | torch.Generator


@dataclass(frozen=True)
class Grid:
    """The affine map between a picture and the cells of a feature map that covers it.

    `width` and `height` count cells; `scale` is cells per picture pixel; `offset` is where the
    picture's corner (0, 0) lies on the grid, in cells (not zero where maps have a margin).
    """

    width: int
    height: int
    scale: tuple[float, float]
    offset: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def covering(cls, width: int, height: int, picture: tuple[int, int]) -> Grid:
        """A grid of `width` x `height` cells that covers a `picture` (W, H) exactly."""
        return cls(width, height, (width / picture[0], height / picture[1]))

    def from_picture(self, points: Tensor) -> Tensor:
        """Picture points (..., 2) -> grid points (..., 2)."""
        x, y = (points[..., k] * self.scale[k] + self.offset[k] for k in (0, 1))
        return torch.stack((x, y), -1)

    def to_picture(self, points: Tensor) -> Tensor:
        """Grid points (..., 2) -> picture points (..., 2)."""
        x, y = ((points[..., k] - self.offset[k]) / self.scale[k] for k in (0, 1))
        return torch.stack((x, y), -1)


@dataclass(frozen=True)
class Features:
    """A feature map, where it lies on the picture, and what is needed to go on from it."""

    map: Tensor  # (B, C, h, w); or (N, C, n, n), windows of one map
    grid: Grid  # of the whole map
    block: int  # the resolution of the block whose output this is
    below: tuple[Tensor, ...] = ()  # the whole outputs of blocks before it, 4 px first
    corners: Tensor | None = None  # (N, 2): the cell x, y where each window begins

    def whole(self, block: int) -> Tensor:
        """The whole output (B, C, h, w) of `block`: this one, or one before it that was kept."""
        if block == self.block and self.corners is None:
            return self.map
        return self.below[block.bit_length() - 3]

    def up_to(self, block: int) -> Features:
        """The features of that block, kept on the way to these, which are whole."""
        kept = (*self.below, self.map)[: block.bit_length() - 2]
        grid, (height, width) = self.grid, kept[-1].shape[-2:]
        picture = round(grid.width / grid.scale[0]), round(grid.height / grid.scale[1])
        return Features(kept[-1], Grid.covering(width, height, picture), block, kept[:-1])


@dataclass(frozen=True)
class Windows:
    """What a drag reads of a feature map: some cells around each of its points."""

    count: int  # of points
    reach: float  # how far from a point it reads, in cells along each axis
    whole: int = 0  # the map of this block is read as a whole; 0: of none
    always: bool = False  # even where whole maps cost less


class FeaturePath(Protocol):
    """The way to the features of one block, prepared for many similar latents."""

    grid: Grid  # of the whole map

    def features(self, ws: Tensor, centres: Tensor) -> Features:
        """Features of `ws` (1, num_ws, w_dim), differentiable in its leading rows.

        Whole, or windows around `centres` (N, 2) in picture pixels, whatever costs less.
        """

    def narrowed(self, windows: Windows) -> FeaturePath:
        """The same way, where only this is read of the features."""


@dataclass(frozen=True)
class Prior:
    """Statistics of the mapping network's output w."""

    mean: Tensor  # (w_dim,)
    covariance: Tensor  # (w_dim, w_dim)

    @property
    def std(self) -> Tensor:
        """Standard deviation of each dimension, (w_dim,)."""
        return self.covariance.diagonal().clamp_min(0).sqrt()

    def roots(self) -> tuple[Tensor, Tensor]:
        """The covariance's symmetric square root and its pseudo-inverse, both (w_dim, w_dim).

        Directions in which w hardly varies are 0 in the second one.
        """
        return self._roots

    @cached_property
    def _roots(self) -> tuple[Tensor, Tensor]:
        values, vectors = torch.linalg.eigh(self.covariance.double())
        deviations = values.clamp_min(0).sqrt()
        large = deviations > 1e-3 * deviations.max()
        inverse = torch.where(large, 1 / deviations.clamp_min(1e-30), torch.zeros_like(deviations))
        root = (vectors * deviations) @ vectors.t()
        return root.to(self.covariance), ((vectors * inverse) @ vectors.t()).to(self.covariance)


@dataclass(frozen=True)
class WeightDelta:
    """Differences to add to named parameters of a generator; stackable, serialisable.

    Some are `whole`, of the parameter's shape; others are products of two `factors`, (O, r) and
    (r, ...), for a parameter of shape (O, ...). No name is in both.
    """

    whole: Mapping[str, Tensor] = field(default_factory=dict)
    factors: Mapping[str, tuple[Tensor, Tensor]] = field(default_factory=dict)

    @cached_property
    def tensors(self) -> Mapping[str, Tensor]:
        """All differences in the shapes of their parameters, at least in float32."""
        products = {name: _product(*pair) for name, pair in self.factors.items()}
        return {**{name: _widened(tensor) for name, tensor in self.whole.items()}, **products}

    def to(self, place: torch.device | torch.dtype | str) -> WeightDelta:
        """The same elsewhere, or in another precision."""
        factors = {
            n: (left.to(place), right.to(place)) for n, (left, right) in self.factors.items()
        }
        return WeightDelta({n: tensor.to(place) for n, tensor in self.whole.items()}, factors)


def _product(left: Tensor, right: Tensor) -> Tensor:
    product = _widened(left) @ _widened(right).flatten(1)
    return product.view(len(left), *right.shape[1:])


def _widened(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype == torch.float16 else tensor


class Generator(ABC):
    """A frozen generative network, seen as latent -> features -> picture.

    A latent is W+: one w for each layer, (B, num_ws, w_dim). Parameters never require gradients.
    """

    name: str
    width: int
    height: int
    z_dim: int
    w_dim: int
    num_ws: int
    label_dim: int
    blocks: tuple[int, ...]  # resolutions of the blocks whose features can be had, ascending

    @property
    @abstractmethod
    def device(self) -> torch.device: ...

    @property
    @abstractmethod
    def dtype(self) -> torch.dtype: ...

    @abstractmethod
    def to(
        self, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> Generator:
        """The same generator elsewhere or in another precision; this one is left as it is."""

    @abstractmethod
    def sample(
        self, seeds: Sequence[int], *, truncation: float = 1.0, label: int | None = None
    ) -> Tensor:
        """Latents (N, num_ws, w_dim) for z = RandomState(seed).randn(1, z_dim)."""

    @abstractmethod
    def from_z(self, z: Tensor, *, truncation: float = 1.0, label: int | None = None) -> Tensor:
        """z (N, z_dim) -> latents (N, num_ws, w_dim)."""

    @abstractmethod
    def features(self, ws: Tensor, block: int, *, precision: torch.dtype | None = None) -> Features:
        """Features at the output of `block`; nothing after that block is computed.

        `ws` (B, num_ws, w_dim), or only the leading `rows(block)` rows. Differentiable in `ws`.
        `precision`: the maps' type, if it is not to be the weights'.
        """

    @abstractmethod
    def picture_at(self, features: Features, ws: Tensor) -> Tensor | None:
        """The sum of the RGB layers up to whole `features`, (B, 3, h, w) of their size.

        `ws` (B, num_ws, w_dim). None where blocks have no RGB layers of their own.
        """

    @abstractmethod
    def render_from(
        self, features: Features, ws: Tensor, *, precision: torch.dtype | None = None
    ) -> Tensor:
        """Go on from features to the picture: (B, 3, height, width) in [-1, 1], not clamped.

        `precision`: the maps' type from there on, if it is not to be that of the features.
        """

    @abstractmethod
    def whole(self, features: Features, ws: Tensor) -> Features:
        """The same features as a whole map, where only windows of it are known."""

    @abstractmethod
    def render(
        self, ws: Tensor, *, noise: Noise = "const", precision: torch.dtype | None = None
    ) -> Tensor:
        """The picture of `ws` (B, num_ws, w_dim): (B, 3, height, width) in [-1, 1], not clamped.

        `precision`: the maps' type on the way, if it is not to be the weights'.
        """

    @abstractmethod
    def prepare(
        self,
        ws: Tensor,
        block: int,
        *,
        rows: int,
        precision: torch.dtype | None = None,
        kernels: bool = True,
    ) -> FeaturePath:
        """Get ready to compute features at `block` often, for latents that differ from `ws` in the
        leading `rows` rows only.

        `precision`: the maps' type on the way, if it is not to be the weights'. `kernels`: whether
        to use what is faster than plain torch.
        """

    @abstractmethod
    def map_shape(self, block: int) -> tuple[int, int, int]:
        """Channels, height and width of the features at `block`."""

    @abstractmethod
    def rows(self, block: int) -> int:
        """How many leading rows of W+ have any influence on the features at `block`."""

    @abstractmethod
    def prior(self) -> Prior:
        """Mean and covariance of w, estimated once from 10 000 samples (fixed seed) and kept."""

    @abstractmethod
    def with_weights(self, delta: WeightDelta) -> Generator:
        """The same generator with `delta` added to its parameters; this one is left as it is."""

    def drag_block(self) -> int:
        """The block whose features a drag reads: half of the picture, at most 128 px."""
        wanted = min(128, max(self.width, self.height) // 2)
        return min(self.blocks, key=lambda r: abs(r - wanted))
