"""The pictures of an edit's states: rendered by the tuned model, pasted back; torch and numpy."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from numpy.typing import NDArray
from torch import Tensor

from .correspondence import correspondence
from .errors import BadInput
from .frame import Frame
from .generator import Features, Generator, Grid, WeightDelta
from .pasting import MOVED, ModelEdit, PasteOptions, paste_back
from .pixels import differing
from .precision import fast_precision
from .source import Source
from .timeline import State
from .viewing import shrink_picture


class EditPictures:
    """Makes the pictures of one edit, in the form of its `source` (None: a seed's, uint8 RGB).

    Which state is the start is told at each call: while a picture is being set it changes.
    """

    def __init__(self, base: Generator, source: Source | None) -> None:
        self.base, self.source = base, source
        size = base.width, base.height
        self.frame = Frame(size, size) if source is None else source.frame
        self.tune(WeightDelta())
        self._reduced: tuple[int, NDArray] | None = None
        self._made_up: NDArray | None = None  # a seed's picture
        self._fresh: tuple[State, Features] | None = None  # the last step taken

    def tune(self, delta: WeightDelta) -> None:
        """From now on the model's weights differ by that."""
        self.delta = delta
        self._tuned: Generator | None = None
        self._start: tuple[Features, Tensor] | None = None  # the start's, and its picture

    @property
    def generator(self) -> Generator:
        """The generator with the picture's tuning in it."""
        if self._tuned is None:
            self._tuned = self.base.with_weights(self.delta) if self.delta.tensors else self.base
        return self._tuned

    def release(self) -> None:
        """Give back what the next use makes again."""
        self.tune(WeightDelta(_on_the_cpu(self.delta.tensors)))
        self._fresh, self._reduced, self._made_up = None, None, None

    def note(self, state: State, features: Features | None) -> None:
        """That state's features, for its draft, unless of half precision: that is for drafts to
        choose."""
        dtype = self.base.dtype
        exact = features is not None and all(x.dtype == dtype for x in features.below)
        self._fresh = (state, features) if features is not None and exact else None

    def image(
        self,
        state: State,
        start: State,
        *,
        max_side: int | None,
        draft: bool,
        paste: PasteOptions = MOVED,
    ) -> NDArray:
        """The picture of `state`, as `DragEditor.image` gives it."""
        source = self.source
        if source is None:
            picture = self._own(state, draft)
            return picture if max_side is None else self._smaller(picture, max_side)
        native = source.native if max_side is None else self._small_source(source, max_side)
        result = native.copy()
        if state is not start:
            result = self._pasted(source, native, state, start, draft, paste)
        return result[..., 0] if source.flat else result

    def changed(self, picture: NDArray, start: State) -> NDArray:
        """Where a full-sized `picture` is not the opened one: (h, w) bool."""
        if self.source is not None:
            opened = self.source.native
            return differing(opened, picture.reshape(opened.shape))
        if self._made_up is None:
            self._made_up = self._own(start, draft=False)
        return differing(self._made_up, picture)

    def _pasted(
        self,
        source: Source,
        native: NDArray,
        state: State,
        start: State,
        draft: bool,
        paste: PasteOptions,
    ) -> NDArray:
        share = state.mask
        if share is not None and native.shape != source.native.shape:
            share = shrink_picture(share[..., None], native.shape[1::-1])[..., 0]
        features, before = self._started(start)
        now, after = self._drawn(state, draft)
        found = correspondence(features, _whole(now, source.frame), pictures=(before, after))
        edit = ModelEdit(source.seen, before, after, found)
        frame = source.frame.resized((native.shape[1], native.shape[0]))
        return paste_back(native, frame, edit, mask=share, options=paste)

    def _started(self, start: State) -> tuple[Features, Tensor]:
        if self._start is None:
            generator = self.generator
            features = generator.features(start.ws, generator.drag_block())
            self._start = features, generator.render_from(features, start.ws)
        return self._start

    def _drawn(self, state: State, draft: bool) -> tuple[Features, Tensor]:
        """The model's features and picture; a draft of a step just taken goes on from its own.

        Those were computed by faster ways, which round in another order.
        """
        generator = self.generator
        precision = fast_precision(generator.device) if draft else None
        if draft and self._fresh is not None and self._fresh[0] is state:
            features = self._fresh[1]
        else:
            features = generator.features(state.ws, generator.drag_block())
        return features, generator.render_from(features, state.ws, precision=precision)

    def _own(self, state: State, draft: bool) -> NDArray:
        picture = (self._drawn(state, draft)[1][0].float().clamp(-1, 1) + 1) * 127.5
        return picture.round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()

    def _small_source(self, source: Source, max_side: int) -> NDArray:
        if self._reduced is None or self._reduced[0] != max_side:
            self._reduced = max_side, self._smaller(source.native, max_side)
        return self._reduced[1]

    def _smaller(self, native: NDArray, max_side: int) -> NDArray:
        if max_side < 1:
            raise BadInput("A preview needs at least one pixel.")
        size = self.frame.reduced(max_side).picture
        return native if size == self.frame.picture else shrink_picture(native, size)


def _whole(features: Features, frame: Frame) -> Features:
    """The features, or those of the block before where only windows of them are known."""
    if features.corners is None:
        return features
    *below, last = features.below
    grid = Grid.covering(last.shape[-1], last.shape[-2], frame.model)
    return Features(last, grid, features.block // 2, tuple(below))


def _on_the_cpu(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.cpu() for name, tensor in tensors.items()}
