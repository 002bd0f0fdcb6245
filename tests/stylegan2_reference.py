"""StyleGAN2 once more, slowly and in float64, written from the formulas: the tests' yardstick.

Nothing of `draggan` is used. Convolutions are numpy loops over taps with weights modulated and
demodulated for each sample (w' = w * s * demod), upsampling inserts zeros and filters.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
State = Mapping[str, Array]
TAPS = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64


def correlate(x: Array, weight: Array, padding: int) -> Array:
    """x (I, H, W), weight (O, I, k, k) -> (O, H', W'): y[j] = sum over t of w[t] x[j + t - pad]."""
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    size = weight.shape[2]
    height, width = x.shape[1] - size + 1, x.shape[2] - size + 1
    y = np.zeros((weight.shape[0], height, width))
    for row in range(size):
        for column in range(size):
            patch = x[:, row : row + height, column : column + width]
            y += np.tensordot(weight[:, :, row, column], patch, 1)
    return y


def insert_zeros(x: Array) -> Array:
    """(C, H, W) -> (C, 2H, 2W) with x at the even places."""
    y = np.zeros((x.shape[0], 2 * x.shape[1], 2 * x.shape[2]))
    y[:, ::2, ::2] = x
    return y


def fir(x: Array, before: int, after: int) -> Array:
    """Each channel correlated with the 4 x 4 filter of sum 1, zeros around."""
    x = np.pad(x, ((0, 0), (before, after), (before, after)))
    return np.stack([correlate(plane[None], TAPS[None, None], 0)[0] for plane in x])


def upsample(x: Array) -> Array:
    return 4 * fir(insert_zeros(x), 2, 1)


def up_convolve(x: Array, weight: Array) -> Array:
    """A transposed convolution of stride 2 spreads each input over 3 x 3 outputs; then the FIR."""
    outputs, _, size, _ = weight.shape
    height, width = x.shape[1:]
    spread = np.zeros((outputs, 2 * height + 1, 2 * width + 1))
    for row in range(size):
        for column in range(size):
            target = spread[:, row : row + 2 * height : 2, column : column + 2 * width : 2]
            target += np.tensordot(weight[:, :, row, column], x, 1)
    return 4 * fir(spread, 1, 1)


def lrelu(x: Array) -> Array:
    return np.where(x > 0, x, 0.2 * x) * np.sqrt(2)


def dense(x: Array, state: State, name: str, lr: float = 1.0) -> Array:
    weight = state[name + ".weight"]
    return weight @ x * lr / np.sqrt(weight.shape[1]) + state[name + ".bias"] * lr


def unit(x: Array) -> Array:
    return x / np.sqrt(np.mean(x**2) + 1e-8)


def mapping(state: State, z: Array, *, layers: int, lr: float, label: Array | None) -> Array:
    x = unit(z) if z.size else z
    if label is not None:
        x = np.concatenate([x, unit(dense(label, state, "mapping.embed"))])
    for i in range(layers):
        x = lrelu(dense(x, state, f"mapping.fc{i}", lr))
    return x


def limited(x: Array, clamp: float | None) -> Array:
    return x if clamp is None else np.clip(x, -clamp, clamp)


def layer(
    state: State, name: str, x: Array, w: Array, *, up: bool, noise: bool, clamp: float | None
) -> Array:
    weight = state[name + ".weight"] * dense(w, state, name + ".affine")[None, :, None, None]
    weight = weight / np.sqrt(np.sum(weight**2, axis=(1, 2, 3), keepdims=True) + 1e-8)
    x = up_convolve(x, weight) if up else correlate(x, weight, 1)
    if noise:
        x = x + state[name + ".noise_const"] * state[name + ".noise_strength"]
    return limited(lrelu(x + state[name + ".bias"][:, None, None]), clamp)


def to_rgb(state: State, name: str, x: Array, w: Array, clamp: float | None) -> Array:
    weight = state[name + ".weight"]
    styles = dense(w, state, name + ".affine") / np.sqrt(weight.shape[1])
    y = correlate(x, weight * styles[None, :, None, None], 0)
    return limited(y + state[name + ".bias"][:, None, None], clamp)


def synthesis(
    state: State, ws: Array, *, kind: str, noise: bool = True, clamp: float | None = None
) -> Array:
    """ws (num_ws, w_dim) -> picture (3, R, R)."""
    options = {"noise": noise, "clamp": clamp}
    x = layer(state, "synthesis.b4.conv1", state["synthesis.b4.const"], ws[0], up=False, **options)
    skip = kind == "skip"
    rgb = to_rgb(state, "synthesis.b4.torgb", x, ws[1], clamp) if skip else np.zeros(())
    for row in range(1, len(ws) - 1, 2):
        size = 2 ** ((row + 1) // 2 + 2)
        name = f"synthesis.b{size}"
        y = layer(state, f"{name}.conv0", x, ws[row], up=True, **options)
        y = layer(state, f"{name}.conv1", y, ws[row + 1], up=False, **options)
        if kind == "resnet":
            weight = state[f"{name}.skip.weight"]
            shortcut = upsample(correlate(x, weight / np.sqrt(weight.shape[1]), 0))
            y = (y + shortcut) * np.sqrt(0.5)
        x = y
        if skip:
            rgb = upsample(rgb) + to_rgb(state, f"{name}.torgb", x, ws[row + 2], clamp)
    return rgb if skip else to_rgb(state, f"{name}.torgb", x, ws[-1], clamp)


def discriminator(
    state: State,
    images: Array,
    *,
    resolution: int,
    kind: str = "resnet",
    clamp: float | None = None,
    maps: int = 1,
    labels: Array | None = None,
    layers: int = 0,
    lr: float = 0.01,
) -> Array:
    """images (B, 3, R, R), one group, one-hot labels (B, c_dim) or None -> logits (B,)."""
    ends = [_discriminator_maps(state, image, resolution, kind, clamp) for image in images]
    spread = np.sqrt(np.var(np.stack(ends), axis=0) + 1e-8)
    means = [np.mean(share) for share in np.split(spread, maps)] if maps else []
    outputs = np.array([_discriminator_end(state, x, means, clamp) for x in ends])
    if labels is None:
        return outputs[:, 0]
    for n, label in enumerate(labels):
        directions = mapping(state, np.zeros(0), layers=layers, lr=lr, label=label)
        outputs[n] *= directions / np.sqrt(len(directions))
    return outputs.sum(1)


def _plain(state: State, name: str, x: Array, clamp: float | None) -> Array:
    weight = state[name + ".weight"]
    x = correlate(x, weight / np.sqrt(weight[0].size), weight.shape[2] // 2)
    return limited(lrelu(x + state[name + ".bias"][:, None, None]), clamp)


def _down(state: State, name: str, x: Array, clamp: float | None) -> Array:
    weight = state[name + ".weight"]
    y = correlate(fir(x, 2, 2), weight / np.sqrt(weight[0].size), 0)[:, ::2, ::2]
    return limited(lrelu(y + state[name + ".bias"][:, None, None]), clamp)


def _discriminator_maps(
    state: State, image: Array, resolution: int, kind: str, clamp: float | None
) -> Array:
    x = _plain(state, f"b{resolution}.fromrgb", image, clamp)
    size = resolution
    while size > 4:
        y = _down(state, f"b{size}.conv1", _plain(state, f"b{size}.conv0", x, clamp), clamp)
        if kind == "resnet":
            weight = state[f"b{size}.skip.weight"]
            shortcut = correlate(fir(x, 1, 1)[:, ::2, ::2], weight / np.sqrt(weight.shape[1]), 0)
            y = (y + shortcut) * np.sqrt(0.5)
        x, size = y, size // 2
        if kind == "skip":
            image = fir(image, 1, 1)[:, ::2, ::2]
            x = x + _plain(state, f"b{size}.fromrgb", image, clamp if size > 4 else None)
    return x


def _discriminator_end(
    state: State, x: Array, spread: list[np.floating], clamp: float | None
) -> Array:
    extra = [np.full((1, *x.shape[1:]), value) for value in spread]
    x = _plain(state, "b4.conv", np.concatenate([x, *extra]), clamp)
    return dense(lrelu(dense(x.ravel(), state, "b4.fc")), state, "b4.out")
