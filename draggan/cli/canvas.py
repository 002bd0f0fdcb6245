"""A folder's canvas: one picture in memory that collects kept steps and a result; never torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from draggan_wire.canvas import Handle
from draggan_wire.crop import Crop
from draggan_wire.errors import BadMessage
from draggan_wire.messages import Image, Point
from draggan_wire.workbench.cut_off import cut_notes

from draggan.cli.job import Job
from draggan.cli.results import Patch, Step
from draggan.pixels import LUMA

_AT_CROP = (
    "Part of what moves is cut off at the border of what the model looks at: make --crop larger."
)
_FORMATS = {
    ("uint8", 1): "gray8",
    ("uint8", 2): "graya8",
    ("uint8", 3): "rgb8",
    ("uint8", 4): "rgba8",
    ("uint16", 3): "rgb16",
    ("uint16", 4): "rgba16",
}


class FolderCanvas:
    """A `draggan_wire.canvas.Canvas` over a job.

    `points_now` is to be set to what tells where the handles are (crop's pixels) when a step comes.
    """

    def __init__(self, job: Job, crop: Crop) -> None:
        self._job = job
        self._crop = crop
        self.points_now: Callable[[], Sequence[Point]] = lambda: ()
        self.kept: list[Step] = []
        self.result: Patch | None = None

    def read_image(self) -> Image:
        pixels = self._cut(_sendable(self._job.picture.samples))
        return Image(self._format, self._crop.width, self._crop.height, pixels.tobytes())

    def read_handles(self) -> Sequence[Handle]:
        inside = self._crop.from_document
        return [(inside(handle.start), inside(handle.target)) for handle in self._job.handles]

    def read_mask(self) -> Image | None:
        if self._job.mask is None:
            return None
        pixels = self._cut(self._job.mask)
        return Image("gray8", self._crop.width, self._crop.height, pixels.tobytes())

    def show_preview(self, image: Image) -> None:
        """A folder shows nothing; previews only tell how far the handles are."""

    def keep_step(self, image: Image, step: int, changed: Image | None) -> None:
        self.kept.append(Step(step, self.patch(image), self.to_picture(self.points_now())))

    def add_result(self, image: Image, name: str, changed: Image | None) -> None:
        self.result = self.patch(image)

    def clear_preview(self) -> None:
        """There is none."""

    def to_picture(self, points: Sequence[Point]) -> tuple[Point, ...]:
        """Points of the crop in the picture's pixels."""
        return tuple(self._crop.to_document(point) for point in points)

    @property
    def _format(self) -> str:
        samples = _sendable(self._job.picture.samples[:1])
        return _FORMATS[samples.dtype.name, samples.shape[2]]

    def _cut(self, array: np.ndarray) -> np.ndarray:
        crop = self._crop
        return array[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]

    def patch(self, image: Image) -> Patch:
        """A full picture of the daemon's, in the form of the job's. Raises BadMessage."""
        expected = (self._crop.width, self._crop.height)
        if (image.width, image.height) != expected:
            raise BadMessage(
                f"The daemon sent {image.width} x {image.height} pixels in place of "
                f"{expected[0]} x {expected[1]}.",
                hint="Update the daemon: it should send pictures in the size it was given.",
            )
        return Patch(self.decoded(image), self._crop.left, self._crop.top)

    def notes_on(self, cut: Sequence[str]) -> tuple[str, ...]:
        """What is to say of it where a frame's `cut` says that something is missing."""
        whole = Crop(0, 0, *self._job.picture.size)
        return cut_notes(cut, self._crop, whole, at_region=_AT_CROP)

    def decoded(self, image: Image) -> np.ndarray:
        """A picture of the daemon's in any size, (h, w, channels) as the job's has them.

        Raises BadMessage.
        """
        if image.format != self._format:
            raise BadMessage(
                f"The daemon sent {image.format} pixels in place of {self._format}.",
                hint="Update the daemon: it should send pictures in the form it was given.",
            )
        own = self._job.picture.samples
        pixels = np.frombuffer(image.data, own.dtype.newbyteorder("<")).astype(own.dtype)
        return _as_grey(pixels.reshape(image.height, image.width, -1), own.shape[2])


def _sendable(samples: np.ndarray) -> np.ndarray:
    """No wire has grey of 16 bits: it goes as colours that are all the same."""
    if samples.dtype == np.uint8 or samples.shape[2] >= 3:
        return samples
    return np.dstack([samples[..., :1]] * 3 + [samples[..., 1:]])


def _as_grey(array: np.ndarray, channels: int) -> np.ndarray:
    """Back to so many channels; what is grey stays as it is."""
    if array.shape[2] == channels:
        return array
    grey = np.rint(array[..., :3] @ LUMA.astype(np.float64)).astype(array.dtype)
    return np.dstack([grey, array[..., 3:]])
