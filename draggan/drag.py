"""One drag, step by step: move the latent until every handle is at its target; torch only.

DragGAN (arXiv 2305.10973) section 3.2 and 3.3. Each step runs the generator up to the feature block
and no further: tracking and motion supervision share that one pass, and no picture is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, Protocol

import torch
from torch import Tensor

from .drag_options import PRESETS, DragOptions
from .drag_request import check_drag, checked_points
from .drag_step import DragStep, check_numbers, step_again
from .errors import BadInput
from .generator import Features, Generator, Windows
from .latent import LatentPath
from .motion import FixedRegion, MotionSupervision
from .penalties import PictureFeatures, PicturePenalty
from .progress import Progress
from .reference import FullMapFixedRegion, FullMapMotion, NearestTracker
from .replay import Replay
from .resume import Resume, optimised, set_optimised
from .saved_arrays import demand
from .tracking import PatchTracker, Search, Tracked, places

LOOSEN_AFTER = 15  # steps without progress after which rows of W+ may go their own ways
WARM_UP = 3  # steps taken one by one before a batch
PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
BATCH = 8  # steps on a GPU between two looks at them


class Supervision(Protocol):
    def loss(self, features: Features, points: Tensor, targets: Tensor) -> Tensor: ...


class Region(Protocol):
    def loss(self, features: Features) -> Tensor: ...


class Tracker(Protocol):
    def track(self, features: Features, points: Tensor) -> Tracked: ...


def drag(
    generator: Generator,
    ws: Tensor,
    handles: Tensor | Sequence[Sequence[float]],
    targets: Tensor | Sequence[Sequence[float]],
    *,
    mask: Tensor | None = None,
    options: DragOptions = PRESETS["default"],
    perceptual_features: PictureFeatures | None = None,
    resume: Resume | None = None,
) -> Iterator[DragStep]:
    """Drag `handles` to `targets`; leaving the loop is cancelling.

    `ws` (1, num_ws, w_dim). `handles` and `targets` (N, 2) in picture pixels; a handle on its own
    target is a pin. `mask` (H, W): 1 where the picture may move; None: everywhere. The first step
    yielded is the start, the last one has an `ending`.

    `resume`, of a step of this very drag: go on after that step, which is yielded first, again.
    On a CPU the steps are bit for bit those of a drag that was never cut off.

    Raises BadInput for points that are no pairs, not finite or outside of the picture, for a drag
    without a handle to move, for a mask of another size, and for blocks that are not there;
    BadSaved for a `resume` that is not one of this drag, or of one that has ended. While it runs:
    BadNumbers instead of a step whose numbers are not finite.
    """
    size = (generator.width, generator.height)
    p = checked_points(handles, "handle", size, like=ws)
    t = checked_points(targets, "target", size, like=ws)
    check_drag(p, t, mask, size)
    if options.steps < 1 or not options.lr > 0:
        raise BadInput(
            "A drag needs at least one step and a positive learning rate.",
            hint="Leave them out to take the preset's.",
        )
    if resume is not None:
        demand(resume.ending is None and resume.index < options.steps)
        demand(resume.points.shape == resume.centres.shape == p.shape)
    return _Drag(generator, ws, p, t, mask, options, perceptual_features).run(resume)


class _Drag:
    """The working state of one drag."""

    def __init__(
        self,
        generator: Generator,
        ws: Tensor,
        handles: Tensor,
        targets: Tensor,
        mask: Tensor | None,
        options: DragOptions,
        perceptual_features: PictureFeatures | None,
    ) -> None:
        self.generator, self.options = generator, options
        self.points, self.targets = handles.clone(), targets
        self.pins = (handles - targets).norm(dim=-1) < 1e-6  # (N,)
        self.unit = max(generator.width, generator.height) / 512
        self.block = options.block or _block(generator, options)
        rows = min(options.rows, generator.rows(self.block))
        self.path = LatentPath(
            ws, generator.prior(), rows=rows, space=options.space, local=options.local
        )
        self.optimiser = torch.optim.Adam(
            self.path.parameters, lr=options.lr, capturable=ws.device.type == "cuda"
        )
        self.features = generator.prepare(
            ws,
            self.block,
            rows=rows,
            precision=PRECISIONS[options.precision],
            kernels=options.kernels,
        )
        self.mask_block = 0 if mask is None or bool((mask > 0).all()) else self._mask_block()
        if windows := self._windows():
            self.features = self.features.narrowed(windows)
        # Computed as every step's features are: where nothing has changed, the region's loss is
        # exactly 0. The least rounding error would count as much as any change, for its gradient
        # is a sign.
        with torch.no_grad():
            start = self.features.features(ws, self.points)
        self.motion, self.tracker = self._loop(start)
        self.region = self._region(start, mask)
        self.penalty = self._penalty(ws, mask, perceptual_features)
        self.progress = Progress(self._stop(), self.pins)

    def run(self, resume: Resume | None = None) -> Iterator[DragStep]:
        step, ws, features = self._next(0, 0.0) if resume is None else self._again(resume)
        warm = step.index + WARM_UP
        while True:
            yield step
            if step.finished:
                return
            loss = float(self._update(ws, features))
            self._loosen()
            if step.index == warm and self._batch() > 1:
                yield from self._run_batches(step.index, loss)
                return
            step, ws, features = self._next(step.index + 1, loss)

    def _next(self, index: int, loss: float) -> tuple[DragStep, Tensor, Features]:
        before = self._before()
        ws, features, mismatch = self._observe(track=index > 0)
        record = self.points, mismatch, ws
        return self._step(index, record, loss, _detached(features), before), ws, features

    def _again(self, resume: Resume) -> tuple[DragStep, Tensor, Features]:
        """As `_next` was when it took the step that `resume` is of."""
        set_optimised(self.path.parameters, self.optimiser, resume.numbers, resume.index)
        if resume.loosened:
            self.path.keep_loose()
        self.progress.best, self.progress.since = resume.best, resume.since
        self.points.copy_(resume.centres)
        ws, features, _ = self._observe(track=False)
        self.points.copy_(resume.points)
        step = step_again(resume, ws.detach(), self.targets, _detached(features))
        return step, ws, features

    def _before(self) -> tuple[Tensor, Tensor]:
        """What a step is taken from: where the handles are looked for, what is optimised."""
        return self.points.clone(), optimised(self.path.parameters, self.optimiser)

    def _run_batches(self, index: int, loss: float) -> Iterator[DragStep]:
        """The steps after `index`, several at a time."""
        replay = Replay(self._advance, self.points.device)
        while True:
            records = replay.run(self._batch() - 1)
            before = self._before()
            records += replay.run(1)
            losses = [float(r.pop()) for r in records]  # waits for the device
            for record, next_loss in zip(records, losses, strict=True):
                index += 1
                last = before if record is records[-1] else None
                step = self._step(index, record, loss, None, last)
                yield step
                if step.finished:
                    return
                loss = next_loss
            self._loosen()

    def _advance(self) -> tuple[Tensor, ...]:
        """One step without a look at any value: points, mismatch, latent, loss."""
        ws, features, mismatch = self._observe(track=True)
        points = self.points.clone()
        self.points.nan_to_num_(0)  # what reads maps there must not be led out of its memory
        return points, mismatch, ws.detach(), self._update(ws, features)

    def _observe(self, *, track: bool) -> tuple[Tensor, Features, Tensor]:
        """The present latent, its features, and the mismatch (N,) of each handle's content."""
        with torch.enable_grad():
            ws = self.path.ws()
            features = self.features.features(ws, self.points)
        if not track:
            return ws, features, self.points.new_zeros(len(self.points))
        tracked = self.tracker.track(features, self.points)
        self.points.copy_(tracked.points)
        return ws, features, tracked.mismatch

    def _update(self, ws: Tensor, features: Features) -> Tensor:
        with torch.enable_grad():
            loss = self.motion.loss(features, self.points, self.targets)
            if self.region is not None:
                loss = loss + self.options.lambda_mask * self.region.loss(features)
            if self.penalty is not None:
                loss = loss + self.penalty.loss(self.generator.render_from(features, ws))
        gradients = torch.autograd.grad(loss, self.path.parameters)
        for parameter, gradient in zip(self.path.parameters, gradients, strict=True):
            parameter.grad = gradient
        self.optimiser.step()
        self.path.bound(clip=self.options.clip, ball=self.options.ball)
        return loss.detach()

    def _loosen(self) -> None:
        if self.progress.since == LOOSEN_AFTER:
            self.path.loosen()

    def _batch(self) -> int:
        """How many steps to take before the next look: never past the one that may loosen."""
        o = self.options
        if o.loop != "native" or self.penalty is not None:
            return 1
        graphs = o.kernels and self.points.device.type == "cuda"
        wanted = o.batch or (BATCH if graphs else 1)
        left = LOOSEN_AFTER - self.progress.since
        return min(wanted, left) if left > 0 else wanted

    def _step(
        self,
        index: int,
        record: Sequence[Tensor],
        loss: float,
        features: Features | None,
        before: tuple[Tensor, Tensor] | None,
    ) -> DragStep:
        points, mismatch, ws = record
        way = (self.targets - points).norm(dim=-1)
        largest = ws.detach().abs().max()
        values = torch.cat((way, mismatch, largest[None])).tolist()  # waits for the device once
        distances, mismatches = values[: len(points)], values[len(points) : -1]
        check_numbers(values[-1], distances, loss)
        ending = self.progress.look(distances, mismatches)
        if ending is None and index == self.options.steps:
            ending = "cap"
        step = DragStep(
            index=index,
            ws=ws.detach(),
            points=points.clone(),
            distances=tuple(distances),
            statuses=self.progress.statuses(ending),
            loss=loss,
            features=features,
            ending=ending,
        )
        return replace(step, resume=self._resume(step, before))

    def _resume(self, step: DragStep, before: tuple[Tensor, Tensor] | None) -> Resume | None:
        if step.finished:
            before = step.points, step.points.new_zeros(3, 0)
        if before is None:
            return None
        return Resume(
            index=step.index,
            points=step.points,
            centres=before[0],
            statuses=step.statuses,
            loss=step.loss,
            best=self.progress.best,
            since=self.progress.since,
            loosened=self.path.loosened,
            numbers=before[1],
            ending=step.ending,
        )

    def _loop(self, start: Features) -> tuple[Supervision, Tracker]:
        o, size = self.options, (self.generator.width, self.generator.height)
        if o.loop == "native":
            motion = MotionSupervision(
                start, self.points, self.pins, radius=self._cells(o.r1), step=self._cells(o.pull)
            )
            others = places(*size).to(self.points)
            with torch.no_grad():
                elsewhere = self.features.features(self.path.ws(), others)
            return motion, PatchTracker(start, self.points, elsewhere, others, self._search())
        r1, r2 = round(o.r1 * self.unit), round(o.r2 * self.unit)
        norm: Literal[1, 2] = 1 if o.loop == "paper" else 2
        tracker = NearestTracker(start, self.points, size, radius=r2, norm=norm)
        return FullMapMotion(size, radius=r1, stretched=o.loop == "released"), tracker

    def _cells(self, length: float) -> float:
        """A length [512] in cells of the features' grid."""
        return length * self.unit * self.features.grid.scale[0]

    def _search(self) -> Search:
        return Search(self._cells(self.options.r2))

    def _windows(self) -> Windows | None:
        """What is read of the features, if it is only what lies around the handles."""
        o, search = self.options, self._search()
        if o.loop != "native" or o.windows == "never" or o.reconstruction or o.perceptual:
            return None
        reach = max(search.reach, search.travel + self._cells(o.r1) + self._cells(o.pull))
        always = o.windows == "always"
        return Windows(len(self.points), reach, whole=self.mask_block, always=always)

    def _region(self, start: Features, mask: Tensor | None) -> Region | None:
        if mask is None or not self.mask_block:
            return None
        mask = mask.to(start.map)
        if self.options.loop != "native":
            return FullMapFixedRegion(start, mask)
        return FixedRegion(start, mask, block=self.mask_block)

    def _mask_block(self) -> int:
        """Half the resolution holds what is fixed as well as the full one, for two thirds of the
        cost, and lets more handles arrive (`draggan bench drag --mask --mask-block`); but the block
        must feel every row that changes."""
        g, wanted = self.generator, self.options.mask_block
        if wanted is not None:
            g.rows(wanted)  # refuses what is no block
            return min(wanted, self.block)
        half = self.block // 2
        return half if half in g.blocks and g.rows(half) >= self.path.rows else self.block

    def _penalty(
        self, ws: Tensor, mask: Tensor | None, features: PictureFeatures | None
    ) -> PicturePenalty | None:
        o = self.options
        if not (o.reconstruction or o.perceptual):
            return None
        with torch.no_grad():
            picture = self.generator.render(ws)
        keep = torch.ones_like(picture[:, :1]) if mask is None else 1 - mask.to(picture)[None, None]
        return PicturePenalty(
            picture,
            keep,
            reconstruction=o.reconstruction,
            perceptual=o.perceptual,
            perceptual_features=features,
        )

    def _stop(self) -> float:
        """How near is there, in pixels: the paper's 1 px (2 px beyond five points), the released
        code's 2 px or 2/512 of the picture, ours in proportion down to half a pixel."""
        o = self.options
        if o.loop == "paper":
            return o.stop * (2 if len(self.points) > 5 else 1)
        return max(o.stop * self.unit, 0.5 if o.loop == "native" else o.stop)


def _block(generator: Generator, options: DragOptions) -> int:
    """The generator's own choice; the paper's and the released loop take the sixth block."""
    if options.loop == "native":
        return generator.drag_block()
    return generator.blocks[min(5, len(generator.blocks) - 1)]


def _detached(features: Features) -> Features:
    below = tuple(x.detach() for x in features.below)
    return replace(features, map=features.map.detach(), below=below)
