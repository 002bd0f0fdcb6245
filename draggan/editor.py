"""DragEditor, the library's face: set a picture or a seed, drag, look back; no files, no sockets.

    editor = DragEditor(load_generator())
    for step in editor.set_image(picture):  # once for each picture
        print(step.stage, step.psnr)
    for step in editor.drag([(120, 80)], [(160, 84)]):  # leaving the loop is cancelling
        show(editor.image(step.index, max_side=512))
    save(editor.image())

Everything here is in the picture's own pixels: points, distances, masks, images.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .borders import Cut
from .drag import drag
from .drag_options import PRESETS, DragOptions
from .drag_step import DragStep, step_again
from .edit_pictures import EditPictures
from .editor_input import Points, drag_points, picture_mask
from .errors import BadInput
from .finding import (
    FindingStep,
    Found,
    Shelf,
    check_quality,
    find,
    place_of,
    placed,
)
from .generator import Generator
from .likeness import Likeness
from .pasting import MOVED, PasteOptions
from .penalties import PictureFeatures
from .residual import FeatureResidual
from .resume import Resume
from .saved import SavedEdit, check_fit
from .saved_arrays import demand
from .source import Area, Source
from .states import States
from .timeline import State


@dataclass(frozen=True)
class SettingStep:
    """Progress of `set_image`, see `finding`: in stages, "samples" counted on its own.

    `ready`: from now on the picture can be dragged, with this step or later.
    """

    stage: str
    index: int  # from 1 to total
    total: int
    psnr: float  # dB, of the model's picture against the given one
    ready: bool = False


class DragEditor:
    """One edit of one picture with one generator. Not for several threads at a time."""

    def __init__(
        self,
        generator: Generator,
        *,
        shelf: Shelf | None = None,
        picture_features: PictureFeatures | None = None,
    ) -> None:
        """`shelf`: where it is kept what has been found of pictures; None: nowhere.
        `picture_features`: compared in the "best" quality, see `finding.find`."""
        self.base, self._shelf, self._features = generator, shelf, picture_features
        self.notes: tuple[str, ...] = ()  # what had to be done to the picture, for the user
        self._pictures = EditPictures(generator, None)
        self._psnr: float | None = None
        self._likeness: Likeness | None = None
        self._states = States()
        self._dragging = False

    # The picture.

    def set_image(
        self,
        picture: NDArray,
        *,
        quality: str = "balanced",
        weight: NDArray | None = None,
        area: Area | None = None,
        angle: float = 0.0,
    ) -> Iterator[SettingStep]:
        """Find the picture in the generator, quickly first and better after, as one stream.

        `picture` (h, w) or (h, w, 1..4), uint8, uint16 or float32 with white at 1; `quality`
        "fast", "balanced" or "best"; `weight` (h, w) in [0, 1]: where the picture matters; `area`
        (left, top, right, bottom): what the model looks at, turned clockwise by `angle` degrees.

        From the first step on that is `ready`, the picture may be dragged, and the stream be gone
        on with between two drags: what it finds then holds for all states of the timeline. Leaving
        it early keeps what has been found.

        Raises BadPicture for arrays that are no pictures or show nothing, BadInput for a wrong
        weight, area or quality, and for going on while a drag is running.
        """
        check_quality(quality)
        source = Source.of(
            picture, self._model, quality=quality, weight=weight, area=area, angle=angle
        )
        steps = find(self.base, source, shelf=self._shelf, picture_features=self._features)
        self._reset(source)
        mean = self.base.prior().mean.expand(1, self.base.num_ws, -1)
        self._states, self._psnr = States([State.start(mean)]), -np.inf
        return _Setting(self, source, steps)

    def _found_more(self, source: Source, steps: Iterator[FindingStep]) -> SettingStep | None:
        own = self._pictures.source
        if own is None or own.native is not source.native:
            return None  # another picture has been set
        if self._dragging:
            raise BadInput("The picture is being dragged.", hint="Go on after the drag.")
        step = next(steps, None)
        if step is None:
            return None
        if step.found is not None:
            self._adopt(source, step.found)
        return SettingStep(step.stage, step.index, step.total, step.psnr, step.ready)

    def _adopt(self, source: Source, found: Found) -> None:
        """What is found of the picture holds for all states."""
        self._pictures.learn(source.through(found.frame), found.delta, found.residual)
        self._states.start_from(found.ws)
        self._psnr, self._likeness = found.psnr, found.likeness

    def set_seed(self, seed: int, *, truncation: float = 0.7, label: int | None = None) -> None:
        """Start from a picture that the generator makes up. Raises BadInput (seed, label)."""
        ws = self.base.sample([seed], truncation=truncation, label=label)
        self._reset(None)
        self._states = States([State.start(ws)])

    def saved(self) -> SavedEdit:
        """All of this edit, for `restore`. Raises BadInput before any picture is set."""
        self._states.at(self.position)
        source = self._pictures.source
        if source is None:
            return SavedEdit(self.timeline, self.position)
        residual = self._pictures.residual
        return SavedEdit(
            self.timeline,
            self.position,
            picture=source.native,
            flat=source.flat,
            quality=source.quality,
            psnr=self._psnr,
            place=place_of(source.frame),
            likeness=None if self._likeness is None else self._likeness.score,
            delta=self._pictures.delta,
            residual={} if residual is None else residual.compact(),
        )

    def restore(self, edit: SavedEdit, picture: NDArray | None = None) -> None:
        """Go on with a saved edit of this very model: its pictures and timeline are as they were.

        An edit that does not hold its picture needs that `picture`; with another one of its size
        and channels it goes on too, and says so in `notes`.

        Raises BadSaved for an edit that does not fit the model, or that is not of such a picture,
        and BadInput where the picture is missing.
        """
        check_fit(edit, self.base)
        native, notes = edit.opened_on(picture)
        device, dtype = self.base.device, self.base.dtype
        states = [replace(state, ws=state.ws.to(device, dtype)) for state in edit.states]
        source, residual = None, None
        if native is not None:
            flat = native[..., 0] if edit.flat else native
            source = Source.of(flat, self._model, quality=edit.quality)
            if edit.place is not None:
                source = source.through(placed(source.frame, edit.place))
            if edit.residual:
                residual = FeatureResidual.expanded(edit.residual, self.base)
        self._reset(source)
        self.notes += notes
        self._states, self._psnr = States(states, edit.position), edit.psnr
        self._likeness = None if edit.likeness is None else Likeness(edit.likeness)
        self._pictures.learn(source, edit.delta, residual)

    def _reset(self, source: Source | None) -> None:
        self._pictures = EditPictures(self.base, source)
        self.notes = () if source is None else source.seen.notes
        self._psnr, self._likeness = None, None

    @property
    def generator(self) -> Generator:
        """The generator with the picture's tuning in it."""
        return self._pictures.generator

    def release(self) -> None:
        """Give back memory, on a GPU above all, that the next use takes again: the tuned weights,
        which stay on the CPU as what they differ by, and pictures kept for speed."""
        self._pictures.release()

    @property
    def size(self) -> tuple[int, int]:
        """The picture's (width, height)."""
        return self._pictures.frame.picture

    @property
    def psnr(self) -> float | None:
        """How well the model draws the picture, in dB; None for a seed."""
        return self._psnr

    @property
    def likeness(self) -> Likeness | None:
        """How well the model itself knows the picture; None for a seed, and before it is known."""
        return self._likeness

    @property
    def quality_score(self) -> str:
        """The same in words."""
        if self._psnr is None:
            return "exact: the model's own picture"
        return "not known yet" if self._likeness is None else self._likeness.words

    # Dragging.

    def drag(
        self,
        handles: Points,
        targets: Points,
        *,
        mask: NDArray | None = None,
        options: DragOptions = PRESETS["default"],
        resume: Resume | None = None,
        first: int = 0,
    ) -> Iterator[DragStep]:
        """Drag `handles` to `targets`, (N, 2) in picture pixels; equal ones are pins.

        `mask` (h, w), bool, uint8 or floats in [0, 1]: what may move; None: everything. It starts
        from the present state; what the timeline holds beyond that is given up. A step's `index`
        is its place in the timeline; its `features` stay in the model's pixels.

        With `resume`, of a step of this very drag, which set out from state `first`: go on after
        that step, which is yielded first, again (as the last one if the drag has ended there). The
        timeline must hold the drag's steps up to it; what it holds beyond is given up.

        Raises BadInput for points and masks that cannot be used, and before any picture is set;
        BadSaved for a `resume` that does not belong here. While it runs, BadNumbers where numbers
        are no longer finite, and BadInput where the timeline has no room for more; the step before
        is then the present one.
        """
        frame, start, taken = self._pictures.frame, self.position, 0
        points = drag_points(handles, targets, self.size)
        share = None if mask is None else picture_mask(mask, self.size, "mask")
        if resume is not None:
            start, taken = first, resume.index
            demand(start >= 0 and start + taken < len(self._states))
        p, t = (self._inside(frame.to_model(x)) for x in points)
        if resume is not None and resume.ending is not None:
            steps = _only(resume, self._states.at(start + taken), t)
        else:
            steps = drag(
                self.generator,
                self._states.at(start).ws,
                p,
                t,
                mask=None if share is None else frame.mask_to_model(share),
                options=options,
                resume=resume,
            )
        return self._follow(steps, start, taken, share)

    def _follow(
        self, steps: Iterator[DragStep], start: int, taken: int, mask: NDArray | None
    ) -> Iterator[DragStep]:
        """A drag that set out from state `start`; `taken` of its steps are there already."""
        frame = self._pictures.frame
        self._states.cut(start + taken)
        mask = self.state.mask if taken else self._freed(mask)
        self._dragging = True
        try:
            for step in steps:
                points = frame.to_picture(step.points.float().cpu())
                if step.index > taken:
                    self._states.add(State(step.ws, points, mask))
                if step.index:
                    self._pictures.note(self.state, step.features)
                distances = tuple(d * frame.scale for d in step.distances)
                yield replace(step, index=start + step.index, points=points, distances=distances)
        finally:
            self._dragging = False

    def _freed(self, mask: NDArray | None) -> NDArray | None:
        """All that has been free to move up to now, with `mask` added."""
        before = self.state.mask
        if self._pictures.source is None:
            return None  # nothing is pasted back
        if self.position == 0 or mask is None:
            return mask
        return None if before is None else np.maximum(before, mask)

    # The timeline: state 0 is the picture as it was set, then one for each step.

    @property
    def timeline(self) -> tuple[State, ...]:
        return self._states.all

    @property
    def position(self) -> int:
        """Which state of the timeline is the present one."""
        return self._states.position

    @property
    def state(self) -> State:
        """The present state. Raises BadInput before any picture is set."""
        return self._states.present

    def seek(self, index: int) -> State:
        """Make that state the present one; the next drag goes on from there."""
        self._states.at(index)
        self._states.position = index
        return self.state

    def back(self) -> State:
        """One state back; at the start it stays there."""
        return self.seek(max(0, self.position - 1))

    # Pictures.

    @torch.no_grad()
    def image(
        self,
        index: int | None = None,
        *,
        max_side: int | None = None,
        draft: bool = False,
        paste: PasteOptions = MOVED,
    ) -> NDArray:
        """The picture at state `index` (None: the present one), with the edit pasted back.

        Its own size, sample type and channels; a seed's picture is uint8 (H, W, 3). State 0 is the
        given picture itself. `max_side` makes it smaller, for previews; a `draft` is made from what
        the drag has computed, and in half precision where that is faster. What is no draft is bit
        for bit the same at any later time, and in an edit that was saved and restored. `paste`: how
        it comes into the picture.
        """
        state = self._states.at(self.position if index is None else index)
        return self._pictures.image(
            state, self._states.start, max_side=max_side, draft=draft, paste=paste
        )

    @property
    def cut(self) -> Cut:
        """Where what moves is cut off in the last `image` that was no draft."""
        return self._pictures.cut

    @torch.no_grad()
    def reconstruction(
        self, index: int | None = None, *, max_side: int | None = None, known: bool = False
    ) -> NDArray:
        """What the model itself draws of state `index`, in the picture's place, size, sample type
        and channels; beyond what the model sees, its edge is repeated. With `known`, only what the
        model knew before it learnt this picture: that is what `likeness` is said of."""
        state = self._states.at(self.position if index is None else index)
        start = self._states.start
        return self._pictures.reconstruction(state, start, max_side=max_side, known=known)

    @torch.no_grad()
    def changed(self, picture: NDArray) -> NDArray:
        """Where `picture`, one of `image()` in its full size, is not the opened one: (h, w) bool.

        A pixel has changed if any of its samples has, by however little.
        """
        return self._pictures.changed(picture, self._states.at(0))

    @property
    def _model(self) -> tuple[int, int]:
        return self.base.width, self.base.height

    def _inside(self, points: Tensor) -> Tensor:
        """Against rounding at the very edge."""
        return torch.minimum(points.clamp_min(0), points.new_tensor(self._model))


class _Setting(Iterator[SettingStep]):
    """The stream of `set_image`. It outlives being asked for more while a drag is running."""

    def __init__(self, editor: DragEditor, source: Source, steps: Iterator[FindingStep]) -> None:
        self._editor, self._source, self._steps = editor, source, steps

    def __next__(self) -> SettingStep:
        step = self._editor._found_more(self._source, self._steps)
        if step is None:
            raise StopIteration
        return step


def _only(resume: Resume, state: State, targets: Tensor) -> Iterator[DragStep]:
    """The last step of a drag that had ended with `state`."""
    demand(resume.points.shape == targets.shape)
    return iter([step_again(resume, state.ws, targets.to(state.ws.device))])
