"""The pictures of an edit's states: drawn by the model, pasted back; torch and numpy."""

from __future__ import annotations

from dataclasses import replace

import torch
from numpy.typing import NDArray
from torch import Tensor

from .borders import Cut, find_cut
from .errors import BadInput
from .frame import Frame
from .generator import Features, Generator, WeightDelta
from .model_pictures import ModelPictures
from .pasting import MOVED, ModelEdit, PasteOptions, edit_layers, paste_layers
from .pixels import differing, with_rgb
from .precision import fast_precision
from .residual import FeatureResidual, added
from .seam import improve
from .source import Source
from .timeline import State
from .viewing import shrink_picture


class EditPictures:
    """Makes the pictures of one edit, in the form of its `source` (None: a seed's, uint8 RGB).

    Which state is the start is told at each call: while a picture is being set it changes.
    """

    def __init__(self, base: Generator, source: Source | None) -> None:
        self.base = base
        self.delta, self.residual = WeightDelta(), None
        self._look_at(source)
        self._tuned: Generator | None = None
        self._model: tuple[State, ModelPictures] | None = None
        self._reduced: tuple[int, NDArray] | None = None
        self._made_up: NDArray | None = None  # a seed's picture
        self._fresh: tuple[State, Features] | None = None  # the last step taken
        self.cut = Cut()  # in the last picture that was no draft

    source: Source | None
    delta: WeightDelta
    residual: FeatureResidual | None

    def learn(
        self, source: Source | None, delta: WeightDelta, residual: FeatureResidual | None
    ) -> None:
        """From now on the picture is seen so, and the model draws it with these."""
        if delta is not self.delta:
            self._tuned = None
        self.delta, self.residual = delta, residual
        self._look_at(source)
        self._model = None

    def _look_at(self, source: Source | None) -> None:
        size = self.base.width, self.base.height
        self.source, self.frame = source, Frame(size, size) if source is None else source.frame

    @property
    def generator(self) -> Generator:
        """The generator with the picture's tuning in it."""
        if self._tuned is None:
            self._tuned = self.base.with_weights(self.delta) if self.delta.tensors else self.base
        return self._tuned

    def release(self) -> None:
        """Give back what the next use makes again."""
        self.delta = self.delta.to("cpu")
        self._tuned, self._model, self._fresh = None, None, None
        self._reduced, self._made_up = None, None

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
        if not draft:
            self.cut = Cut()
        if source is None:
            picture = self._own(state, draft)
            return picture if max_side is None else self._smaller(picture, max_side)
        native = source.native if max_side is None else self._small_source(source, max_side)
        result = native.copy()
        if state is not start:
            result = self._pasted(source, native, state, start, draft, paste)
        return result[..., 0] if source.flat else result

    def reconstruction(
        self, state: State, start: State, *, max_side: int | None, known: bool
    ) -> NDArray:
        """What the model draws by itself, as `DragEditor.reconstruction` gives it."""
        source = self.source
        if source is None:
            return self.image(state, start, max_side=max_side, draft=False)
        native = source.native if max_side is None else self._small_source(source, max_side)
        if known:
            picture = self.base.render(state.ws)
        else:
            model = self._pictures(start)
            picture = model.start if state is start else model.moved(state.ws).picture
        size = native.shape[1], native.shape[0]
        planes = source.frame.resized(size).part_to_picture(_unit(picture), (0, 0, *size))
        colours = planes[0].clamp(0, 1).permute(1, 2, 0).numpy()
        result = with_rgb(native, colours, torch.ones(native.shape[:2], dtype=torch.bool).numpy())
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
        model = self._pictures(start)
        moved = model.moved(state.ws, draft=draft, fresh=self._fresh_of(state) if draft else None)
        features = model.start_features, moved.features
        edit = ModelEdit(source.seen, model.start, moved.picture, moved.correspondence, features)
        frame = source.frame.resized((native.shape[1], native.shape[0]))
        if paste.seam and not draft:
            shown = edit_layers(native, frame, edit, mask=share, options=paste).shown
            whole = moved.features
            if moved.residual is not None:
                whole = added(whole, moved.residual)
            after = improve(model.generator, whole, state.ws, source.seen.image, _ring(shown))
            edit = replace(edit, after=after)
        layers = edit_layers(native, frame, edit, mask=share, options=paste)
        if not draft:
            self.cut = find_cut(layers.effect, frame)
        return paste_layers(native, frame, layers, mask=share)

    def _pictures(self, start: State) -> ModelPictures:
        if self._model is None or self._model[0] is not start:
            self._model = start, ModelPictures(self.generator, start.ws, self.residual)
        return self._model[1]

    def _fresh_of(self, state: State) -> Features | None:
        return self._fresh[1] if self._fresh is not None and self._fresh[0] is state else None

    def _own(self, state: State, draft: bool) -> NDArray:
        generator, fresh = self.generator, self._fresh_of(state) if draft else None
        precision = fast_precision(generator.device) if draft else None
        if fresh is None:
            picture = generator.render(state.ws, precision=precision)
        else:
            picture = generator.render_from(fresh, state.ws, precision=precision)
        flat = (_unit(picture)[0].clamp(0, 1) * 255).round()
        return flat.to(torch.uint8).permute(1, 2, 0).numpy()

    def _small_source(self, source: Source, max_side: int) -> NDArray:
        if self._reduced is None or self._reduced[0] != max_side:
            self._reduced = max_side, self._smaller(source.native, max_side)
        return self._reduced[1]

    def _smaller(self, native: NDArray, max_side: int) -> NDArray:
        if max_side < 1:
            raise BadInput("A preview needs at least one pixel.")
        size = self.frame.reduced(max_side).picture
        return native if size == self.frame.picture else shrink_picture(native, size)


def _unit(picture: Tensor) -> Tensor:
    """[-1, 1] -> [0, 1], on the CPU in float32."""
    return (picture.float().cpu() + 1) / 2


def _ring(shown: Tensor) -> Tensor:
    """Where the edit and the picture are mixed, most where they are so half and half."""
    return 4 * shown * (1 - shown)
