"""Pictures with a photograph's statistics that move from step to step; imports numpy and the wire.

Noise whose power falls with the square of the frequency compresses about as well as a photograph
does: 512 px become some 60 KB as a JPEG and 500 KB without loss. The first bytes say what a picture
shows, so that whoever gets it can check that it is the right one.
"""

from __future__ import annotations

import hashlib
import struct

import numpy as np
from draggan_wire.pixels import Image
from numpy.typing import NDArray

_LABEL = struct.Struct("<8sI8s")  # mark, step, state: what the first bytes of a picture hold
LABEL_BYTES = _LABEL.size
_SPEED = 3  # pixels that the scene moves in a step
_GRAIN = 3.0  # standard deviation of the sensor's noise, in values of 0 to 255


class Scene:
    """A field of `width` x `height` pixels, seen further to the right at each step."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        random = np.random.default_rng(7)
        field = np.stack([_pink(random, width, height) for _ in range(3)], axis=-1)
        field += _pink(random, width, height)[..., None] * 2.5  # colours of a photo go together
        field = 128 + 50 * field / field.std() + random.normal(0, _GRAIN, field.shape)
        self._field = np.clip(field, 0, 255).astype(np.uint8)

    def at(self, step: int) -> NDArray[np.uint8]:
        """The scene as it looks at a step, (height, width, 3); the caller may write into it."""
        return np.roll(self._field, _SPEED * step, axis=1)


def label(mark: bytes, step: int, state: bytes) -> bytes:
    """What a picture of at least LABEL_BYTES begins with."""
    return _LABEL.pack(mark, step, state)


def read_label(image: Image) -> tuple[bytes, int, bytes]:
    """Mark, step and state of a picture that was painted here and came without loss."""
    mark, step, state = _LABEL.unpack(bytes(memoryview(image.data)[:LABEL_BYTES]))
    return mark, step, state


def next_state(state: bytes, index: int) -> bytes:
    """Where a drag's step `index` (1, 2, 3... of it) leads from `state`: 8 bytes, no way back."""
    return hashlib.blake2b(state + index.to_bytes(4, "little"), digest_size=8).digest()


def first_state(mark: bytes) -> bytes:
    return hashlib.blake2b(mark, digest_size=8).digest()


def _pink(random: np.random.Generator, width: int, height: int) -> NDArray[np.float64]:
    """Noise of mean 0 whose amplitude falls with the frequency."""
    across, down = np.fft.rfftfreq(width), np.fft.fftfreq(height)
    frequency = np.hypot(across[None, :], down[:, None])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(random.normal(size=(height, width))) / frequency**1.5
    noise = np.fft.irfft2(spectrum, s=(height, width))
    return noise / max(float(noise.std()), 1e-9)
