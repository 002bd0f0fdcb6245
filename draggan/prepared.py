"""StyleGAN2's synthesis up to one block, prepared for a drag's many similar latents; torch only.

A drag changes the leading rows of W+ alone. The layers of the other rows have constant styles, so
that styles, demodulation and gains go into their weights once; and where only the surroundings of
the handles are read, the later layers are computed on windows (`windows.py`). Both are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from . import ops, windows
from .generator import Features, Grid, Windows
from .packed import Convolution, UpsamplingConvolution
from .stylegan2 import StyleGAN2, SynthesisBlock, SynthesisLayer
from .windows import LayerShape, WindowPlan


@dataclass(frozen=True)
class _Place:
    """Where a layer's windows lie: `start` (N, 2) and `length` of its output."""

    start: Tensor
    length: int


class PreparedLayer:
    """One synthesis layer with constant weights; with a constant style (1, w_dim) too, if given."""

    def __init__(
        self,
        layer: SynthesisLayer,
        shape: LayerShape,
        *,
        style: Tensor | None,
        gain: float,
        precision: torch.dtype,
        pack: bool,
    ) -> None:
        self.shape, self.affine, self.demodulation = shape, layer.affine, layer.demodulation
        self.gain = gain * ops.LRELU_GAIN
        self.clamp = None if layer.clamp is None else gain * layer.clamp
        self.constant = style is not None
        weight = layer.convolution_weight()
        self.scale_gain = self.gain * (4 if shape.up else 1)
        if style is not None:
            styles = layer.affine(style)  # (1, I)
            scale = self.demodulation(styles) * self.scale_gain  # (1, O)
            weight = ops.modulated_weight(weight, styles, scale, up=shape.up)
        weight = weight.to(precision).contiguous(memory_format=torch.channels_last)
        self.bias = (layer.bias * self.gain).to(precision)
        self.up = UpsamplingConvolution(weight, pack=pack) if shape.up else None
        bias = self.bias if self.constant else None
        self.plain = None if shape.up else Convolution(weight, bias, pack=pack)
        filter_ = layer.resample_filter.to(precision)
        self.filter = filter_.expand(shape.outputs, 1, -1, -1) if shape.up else None
        self.noise = self._noise(layer, precision)  # (1, 1, H, W), or None
        self.table = self._table(precision)  # (H * W + 1, 2)

    def __call__(self, x: Tensor, w: Tensor, place: _Place | None = None) -> Tensor:
        """x (B, I, h, w), w (1, w_dim) -> the whole output, or the windows at `place`.

        Windows are zero outside of the map, as the next layer's padding is.
        """
        noise, inside = self._at(place) if place else (self.noise, None)
        if self.constant:
            x = self._convolved(x, place)
        else:
            x = self._modulated(x, w, place).add_(self.bias[:, None, None])
        if noise is not None:
            x = x.add_(noise)
        x = F.leaky_relu(x, ops.LRELU_SLOPE, inplace=True)
        x = x if self.clamp is None else x.clamp(-self.clamp, self.clamp)
        return x if inside is None else x * inside

    def _modulated(self, x: Tensor, w: Tensor, place: _Place | None) -> Tensor:
        styles = self.affine(w)  # (1, I)
        scale = self.demodulation(styles) * self.scale_gain  # (1, O)
        if x.dtype == torch.float16:
            styles, scale = ops.shared_scale(styles, scale)
        x = self._convolved(x * styles.to(x.dtype)[:, :, None, None], place)
        return x * scale.to(x.dtype)[:, :, None, None]

    def _convolved(self, x: Tensor, place: _Place | None) -> Tensor:
        """The convolution, with the bias if styles are constant."""
        padding = 0 if place else 1
        if self.plain is not None:
            return self.plain(x, padding=padding)
        assert self.up is not None and self.filter is not None
        x = self.up(x)
        if place:
            x = windows.aligned(x, place.start, place.length)
        bias = self.bias if self.constant else None
        return F.conv2d(x, self.filter, bias, padding=padding, groups=self.shape.outputs)

    def _at(self, place: _Place) -> tuple[Tensor, Tensor]:
        """Noise and inside-the-map (N, 1, n, n) at the windows."""
        index = windows.cells(place.start, place.length, self.shape.size)
        values = self.table[index]  # (N, n, n, 2)
        return values[..., 0][:, None], values[..., 1][:, None]

    def _noise(self, layer: SynthesisLayer, precision: torch.dtype) -> Tensor | None:
        if not layer.use_noise or not layer.noise_strength.any():
            return None
        return (layer.noise_const * layer.noise_strength * self.gain).to(precision)[None, None]

    def _table(self, precision: torch.dtype) -> Tensor:
        """Noise and 1 for each cell of the map, row by row; zeros for what is outside of it."""
        inside = torch.ones(math.prod(self.shape.size), device=self.bias.device, dtype=precision)
        noise = inside * 0 if self.noise is None else self.noise.flatten()
        return F.pad(torch.stack((noise, inside), -1), (0, 0, 0, 1))


class PreparedSynthesis:
    """The blocks up to `block`, for latents that differ from `ws` in the leading `rows` only."""

    def __init__(
        self,
        network: StyleGAN2,
        ws: Tensor,
        block: int,
        *,
        rows: int,
        precision: torch.dtype,
        pack: bool,
    ) -> None:
        sizes = [size for size in network.architecture.blocks if size <= block]
        self.blocks = [network.synthesis.block(size) for size in sizes]
        self.const = self.blocks[0].const.to(precision)[None]
        self.layers: list[PreparedLayer] = []
        with torch.no_grad():
            for b in self.blocks:
                self._prepare(b, network.architecture.size(b.size), ws, rows, precision, pack)

    @property
    def shapes(self) -> list[LayerShape]:
        return [layer.shape for layer in self.layers]

    @property
    def has_skips(self) -> bool:
        """Whether blocks have shortcuts (the residual architecture), which windows do not know."""
        return any(block.skip is not None for block in self.blocks)

    def whole(self, ws: Tensor, stop: int) -> tuple[list[Tensor], Tensor]:
        """The outputs of the blocks as far as their layers are among the first `stop`, and the
        output of the last one of those layers. ws (1, num_ws, w_dim)."""
        x, outputs = self.const, []
        for block in self.blocks:
            before = x
            first = block.first_row
            for k in range(first, min(block.rows, stop)):
                x = self.layers[k](x, ws[:, k])
            if block.rows > stop:
                break
            if block.skip is not None:
                x = x + block.skip(before, gain=math.sqrt(0.5))
            outputs.append(x)
        return outputs, x

    def windowed(self, x: Tensor, ws: Tensor, plan: WindowPlan, start: Tensor) -> Tensor:
        """Windows (N, C, n, n) of the last output, which begin at cells `start` (N, 2), from the
        whole output x of the layer before the plan's first one."""
        layers = self.layers[plan.first :]
        begins = windows.starts([layer.shape for layer in layers], start)
        x = windows.crop(x, begins[0], plan.lengths[0])
        for k, layer in enumerate(layers):
            place = _Place(begins[k + 1], plan.lengths[k + 1])
            x = layer(x, ws[:, plan.first + k], place)
        return x

    def _prepare(
        self,
        block: SynthesisBlock,
        size: tuple[int, int],
        ws: Tensor,
        rows: int,
        precision: torch.dtype,
        pack: bool,
    ) -> None:
        for layer in (block.conv0, block.conv1):
            if layer is None:
                continue
            k = len(self.layers)  # a layer's index is its row in W+
            outputs, inputs = layer.weight.shape[:2]
            self.layers.append(
                PreparedLayer(
                    layer,
                    LayerShape(layer.up, inputs, outputs, size),
                    style=None if k < rows else ws[:, k],
                    gain=math.sqrt(0.5) if block.skip is not None and not layer.up else 1.0,
                    precision=precision,
                    pack=pack,
                )
            )


class StyleGAN2Path:
    """A `FeaturePath`: whole maps, or windows around the points where those cost less."""

    def __init__(
        self, synthesis: PreparedSynthesis, grid: Grid, wanted: Windows | None = None
    ) -> None:
        self.synthesis, self.grid, self.wanted = synthesis, grid, wanted
        self.block = synthesis.blocks[-1].size
        self.plan = None if wanted is None or synthesis.has_skips else self._plan(wanted)

    def narrowed(self, windows: Windows) -> StyleGAN2Path:
        """See `FeaturePath`."""
        return StyleGAN2Path(self.synthesis, self.grid, windows)

    def features(self, ws: Tensor, centres: Tensor) -> Features:
        """See `FeaturePath`."""
        synthesis, plan = self.synthesis, self.plan
        if plan is None or self.wanted is None:
            below, x = synthesis.whole(ws, len(synthesis.layers))
            return self._features(x, below[:-1], None)
        length = plan.lengths[-1]
        start = windows.window_start(
            self.grid.from_picture(centres),
            self.wanted.reach,
            length,
            (self.grid.width, self.grid.height),
        )
        below, x = synthesis.whole(ws, plan.first)
        return self._features(synthesis.windowed(x, ws, plan, start), below, start)

    def _features(self, x: Tensor, below: list[Tensor], corners: Tensor | None) -> Features:
        return Features(
            map=x.float() if x.dtype.itemsize < 4 else x,
            grid=self.grid,
            block=self.block,
            below=tuple(below),
            corners=corners,
        )

    def _plan(self, wanted: Windows) -> WindowPlan | None:
        whole = [b for b in self.synthesis.blocks if b.size <= wanted.whole]
        return windows.plan_windows(
            self.synthesis.shapes,
            length=windows.window_length(wanted.reach),
            count=wanted.count,
            whole=whole[-1].rows if whole else 0,
            always=wanted.always,
        )
