"""StyleGAN2 behind the `Generator` interface; imports torch, numpy and our own modules only."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from .errors import BadInput
from .generator import FeaturePath, Features, Generator, Grid, Noise, Prior, WeightDelta
from .prepared import PreparedSynthesis, StyleGAN2Path
from .stylegan2 import StyleGAN2

PRIOR_SAMPLES = 10_000
PRIOR_PART = 1000  # at once
PRIOR_SEED = 0
MAX_SEED = 2**32 - 1


class StyleGAN2Generator(Generator):
    """A StyleGAN2 network, frozen: this takes the network over and switches its gradients off.

    Pictures are rendered with the stored noise maps unless others are asked for, so that equal
    latents give equal pictures.
    """

    def __init__(
        self, network: StyleGAN2, *, name: str = "stylegan2", prior: Prior | None = None
    ) -> None:
        a = network.architecture
        self.network = network.eval().requires_grad_(False)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # is faster
        self.name = name
        self.width, self.height = a.size(a.resolution)
        self.z_dim, self.w_dim, self.label_dim = a.z_dim, a.w_dim, a.c_dim
        self.num_ws, self.blocks = a.num_ws, a.blocks
        self._prior = prior  # estimated at its first use where none is given

    @property
    def device(self) -> torch.device:
        return self.network.mapping.w_avg.device

    @property
    def dtype(self) -> torch.dtype:
        return self.network.mapping.w_avg.dtype

    def to(
        self, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> StyleGAN2Generator:
        """The same generator elsewhere or in another precision; this one is left as it is."""
        tensors = [*self.network.parameters(), *self.network.buffers()]
        moved = {id(t): _moved(t, device, dtype) for t in tensors}
        elsewhere = copy.copy(self)
        elsewhere.network = copy.deepcopy(self.network, moved)
        if self._prior is not None:
            values = (self._prior.mean, self._prior.covariance)
            mean, covariance = (value.to(device=device, dtype=dtype) for value in values)
            elsewhere._prior = Prior(mean=mean, covariance=covariance)
        return elsewhere

    def sample(
        self, seeds: Sequence[int], *, truncation: float = 1.0, label: int | None = None
    ) -> Tensor:
        """Latents (N, num_ws, w_dim) for z = RandomState(seed).randn(1, z_dim).

        Conditional networks take `label` in [0, label_dim), 0 if none is given. Raises `BadInput`
        for seeds outside [0, 2^32) and for labels that the network does not have.
        """
        if not all(0 <= seed <= MAX_SEED for seed in seeds):
            raise BadInput(
                "A seed is out of range.", hint=f"Use whole numbers from 0 to {MAX_SEED}."
            )
        z = np.zeros((len(seeds), self.z_dim))
        for row, seed in zip(z, seeds, strict=True):
            row[:] = np.random.RandomState(seed).randn(1, self.z_dim)
        return self.from_z(torch.from_numpy(z), truncation=truncation, label=label)

    def from_z(self, z: Tensor, *, truncation: float = 1.0, label: int | None = None) -> Tensor:
        """z (N, z_dim) -> latents (N, num_ws, w_dim); `label` and `BadInput` as in `sample`."""
        with torch.no_grad():
            return self.network.mapping(
                z.to(self.device, self.dtype),
                self._one_hot(self._checked_label(label), len(z)),
                truncation=truncation,
            )

    def features(self, ws: Tensor, block: int, *, precision: torch.dtype | None = None) -> Features:
        """Features at the output of `block`; nothing after that block is computed.

        `ws` (B, num_ws, w_dim), or only the leading `rows(block)` rows. Differentiable in `ws`.
        Raises `BadInput` for blocks and latents that do not fit the network.
        """
        self._check_latent(ws, self.rows(block))
        *below, x = self.network.synthesis.features(ws, block, precision=precision)
        return Features(map=x, grid=self._grid(block), block=block, below=tuple(below))

    def picture_at(self, features: Features, ws: Tensor) -> Tensor | None:
        self._check_latent(ws, min(self.num_ws, self.rows(features.block) + 1))
        return self.network.synthesis.picture((*features.below, features.map), ws)

    def prepare(
        self,
        ws: Tensor,
        block: int,
        *,
        rows: int,
        precision: torch.dtype | None = None,
        kernels: bool = True,
    ) -> FeaturePath:
        self._check_latent(ws, self.rows(block))
        synthesis = PreparedSynthesis(
            self.network, ws, block, rows=rows, precision=precision or self.dtype, pack=kernels
        )
        return StyleGAN2Path(synthesis, self._grid(block))

    def _grid(self, block: int) -> Grid:
        size = self.network.architecture.size(block)
        return Grid.covering(*size, (self.width, self.height))

    def render_from(
        self, features: Features, ws: Tensor, *, precision: torch.dtype | None = None
    ) -> Tensor:
        self._check_latent(ws, self.num_ws)
        whole = features.below if features.corners is not None else (*features.below, features.map)
        return self.network.synthesis.resume(whole, ws, precision=precision)

    def whole(self, features: Features, ws: Tensor) -> Features:
        if features.corners is None:
            return features
        self._check_latent(ws, self.rows(features.block))
        synthesis, below = self.network.synthesis, list(features.below)
        for size in self.blocks[len(below) : self.blocks.index(features.block) + 1]:
            below.append(synthesis.block(size).features(below[-1], ws, noise="const"))
        whole = below.pop()
        grid = self._grid(features.block)
        return replace(features, map=whole, grid=grid, below=tuple(below), corners=None)

    def render(
        self, ws: Tensor, *, noise: Noise = "const", precision: torch.dtype | None = None
    ) -> Tensor:
        self._check_latent(ws, self.num_ws)
        return self.network.synthesis(ws, noise=noise, precision=precision)

    def map_shape(self, block: int) -> tuple[int, int, int]:
        architecture = self.network.architecture
        width, height = architecture.size(block)
        return architecture.channels[self.blocks.index(block)], height, width

    def rows(self, block: int) -> int:
        """How many leading rows of W+ have any influence on the features at `block`.

        Those up to the block's own conv1: 2 log2(block) - 3. Its toRGB comes after the features.
        """
        if block not in self.blocks:
            names = ", ".join(map(str, self.blocks))
            raise BadInput(f"This model has no block of {block} px.", hint=f"It has {names}.")
        return self.network.synthesis.block(block).rows

    def prior(self) -> Prior:
        if self._prior is None:
            self._prior = self._estimated_prior()
        return self._prior

    def with_weights(self, delta: WeightDelta) -> StyleGAN2Generator:
        """The same generator with `delta` added to its parameters; this one is left as it is.

        Tensors that the delta does not name are shared, not copied. Where a tensor of the delta
        requires gradients, the result is differentiable in it (that is how weights are tuned).
        Deltas stack: apply one after another. Raises `BadInput` for names or shapes that the
        network does not have.
        """
        network = _sharing_copy(self.network)
        for name, change in delta.tensors.items():
            module_name, _, leaf = name.rpartition(".")
            owner = dict(network.named_modules()).get(module_name)
            old = None if owner is None else owner._parameters.get(leaf)
            if owner is None or old is None:
                raise BadInput(f"The tuned weights name {name!r}, which this model does not have.")
            if old.shape != change.shape:
                raise BadInput(f"The tuned weights for {name!r} are of another shape.")
            new = old + change.to(old.device, old.dtype)
            # Not wrapped where it carries a graph: a Parameter would cut it off.
            owner._parameters[leaf] = new if new.requires_grad else nn.Parameter(new, False)
        return self._derived(network, keep_prior=not _touches_mapping(delta))

    def _derived(self, network: StyleGAN2, *, keep_prior: bool) -> StyleGAN2Generator:
        derived = copy.copy(self)
        derived.network = network
        derived._prior = self._prior if keep_prior else None
        return derived

    @torch.no_grad()
    def _estimated_prior(self) -> Prior:
        """Summed up in parts: all samples at once would take more memory than a drag."""
        random = torch.Generator().manual_seed(PRIOR_SEED)
        z = torch.randn(PRIOR_SAMPLES, self.z_dim, generator=random)
        classes = torch.randint(max(1, self.label_dim), (PRIOR_SAMPLES,), generator=random)
        total = torch.zeros(self.w_dim, device=self.device, dtype=torch.float64)
        squares = torch.zeros(self.w_dim, self.w_dim, device=self.device, dtype=torch.float64)
        shift = self.network.mapping.w_avg.double()  # near the mean: nothing is lost in the squares
        for part, labels in zip(z.split(PRIOR_PART), classes.split(PRIOR_PART), strict=True):
            one_hot = None
            if self.label_dim:
                one_hot = nn.functional.one_hot(labels, self.label_dim).to(self.device, self.dtype)
            w = self.network.mapping.to_w(part.to(self.device, self.dtype), one_hot).double()
            total += (w - shift).sum(0)
            squares += (w - shift).t() @ (w - shift)
        mean = total / PRIOR_SAMPLES
        covariance = (squares - PRIOR_SAMPLES * mean.outer(mean)) / (PRIOR_SAMPLES - 1)
        return Prior(mean=(mean + shift).to(self.dtype), covariance=covariance.to(self.dtype))

    def _checked_label(self, label: int | None) -> int | None:
        if not self.label_dim:
            if label is not None:
                raise BadInput("This model has no classes.", hint="Leave the label out.")
            return None
        if label is None:
            return 0
        if not 0 <= label < self.label_dim:
            last = self.label_dim - 1
            raise BadInput(f"This model has no class {label}.", hint=f"Use 0 to {last}.")
        return label

    def _one_hot(self, label: int | None, count: int) -> Tensor | None:
        if label is None:
            return None
        labels = torch.zeros(count, self.label_dim, device=self.device, dtype=self.dtype)
        labels[:, label] = 1
        return labels

    def _check_latent(self, ws: Tensor, rows: int) -> None:
        if ws.ndim != 3 or ws.shape[1] < rows or ws.shape[2] != self.w_dim:
            raise BadInput(
                "The latent does not fit this model.",
                hint=f"It needs at least {rows} rows of {self.w_dim} numbers.",
            )


def _touches_mapping(delta: WeightDelta) -> bool:
    return any(name.startswith("mapping.") for name in delta.tensors)


def _moved(tensor: Tensor, device: torch.device | str | None, dtype: torch.dtype | None) -> Tensor:
    """A copy, in the precision of that place's other numbers if it is one of them."""
    number = dtype if tensor.is_floating_point() else None
    moved = tensor.detach().to(device=device, dtype=number, copy=True)
    return nn.Parameter(moved, False) if isinstance(tensor, nn.Parameter) else moved


def _sharing_copy(network: StyleGAN2) -> StyleGAN2:
    """Another module tree that holds the very same tensors."""
    tensors = [*network.parameters(), *network.buffers()]
    return copy.deepcopy(network, {id(t): t for t in tensors})
