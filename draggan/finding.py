"""Finding a picture in a model: all stages as one stream, quick first, better after; torch only.

    latent, looked for again where that convinces little
    -> feature residual                                        now the picture can be dragged
    -> a better latent -> tuned weights -> feature residual    unless the quick one is all

Each step holds what is to be used from then on. What is found is kept in a cache, if there is one.
"""

from __future__ import annotations

import math
from collections.abc import Generator as Steps
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import torch

from . import inversion, residual, tuning
from .alignment import Surroundings
from .errors import BadInput, BadSaved
from .frame import Frame
from .generator import Generator, WeightDelta
from .inversion import SECOND_LOOK, InversionOptions, check_visible
from .inversion_cache import Finding, InversionCache, key_of
from .likeness import Likeness, likeness_score
from .penalties import PictureFeatures
from .residual import FeatureResidual, ResidualOptions
from .saved_arrays import demand
from .saved_edit import Place
from .source import Source
from .tuning import TuningOptions
from .viewing import View

UNCONVINCING = 0.85  # likeness below which another look is taken, at more places and more tolerant
GAIN = 0.03  # likeness by which it has to be the better one
WIDEST = 8  # pictures that a frame may span; those that are found span three at most


@dataclass(frozen=True)
class Better:
    """What is done about a picture once it can be dragged."""

    inversion: InversionOptions
    tuning: TuningOptions
    residual: ResidualOptions


@dataclass(frozen=True)
class Quality:
    """How long to look for a picture."""

    inversion: InversionOptions = inversion.QUALITIES["fast"]
    again: InversionOptions | None = SECOND_LOOK  # where the first convinces little
    residual: ResidualOptions = residual.QUALITIES["fast"]
    better: Better | None = None


QUALITIES = MappingProxyType(
    {
        "fast": Quality(),
        **{
            name: Quality(
                better=Better(
                    inversion.QUALITIES[name], tuning.QUALITIES[name], residual.QUALITIES[name]
                )
            )
            for name in ("balanced", "best")
        },
    }
)


@dataclass(frozen=True)
class Found:
    """What a picture is in a model, so far."""

    ws: torch.Tensor  # (1, num_ws, w_dim)
    frame: Frame  # through which the model sees it
    seen: View
    psnr: float  # dB, of the model's picture with all that follows
    delta: WeightDelta = field(default_factory=WeightDelta)
    residual: FeatureResidual | None = None
    likeness: Likeness | None = None  # of the latent alone; None: not known yet


@dataclass(frozen=True)
class FindingStep:
    """Step `index` of `total` in a stage: "samples" is counted on its own, all others together.

    `ready`: the picture can be dragged. `found` is to be used from here on; None: no change.
    """

    stage: str
    index: int
    total: int
    psnr: float
    ready: bool = False
    found: Found | None = None


@dataclass(frozen=True)
class Shelf:
    """A cache, and by which name it knows the model."""

    cache: InversionCache
    fingerprint: str


def check_quality(name: str) -> None:
    """Raises BadInput for a quality that does not exist."""
    if name not in QUALITIES:
        raise BadInput(f"There is no quality called {name!r}.", hint=f"Use {', '.join(QUALITIES)}.")


def find(
    generator: Generator,
    source: Source,
    *,
    shelf: Shelf | None = None,
    picture_features: PictureFeatures | None = None,
) -> Iterator[FindingStep]:
    """Find the source's picture. `picture_features`, of the model's discriminator or of
    `vgg16.VGG16`, are compared as well where the quality gives them a weight.

    Raises BadPicture, at once, where there is next to nothing to see.
    """
    check_visible(source.seen.weight)
    return _Search(generator, source, picture_features).run(shelf)


class _Search:
    """The working state of one search."""

    def __init__(
        self, generator: Generator, source: Source, features: PictureFeatures | None
    ) -> None:
        self.generator, self.source, self.features = generator, source, features
        self.quality = QUALITIES[source.quality]
        self.index, self.total = 0, _total(generator, self.quality)
        self.tolerance = math.inf  # of the latent that is used

    def run(self, shelf: Shelf | None) -> Iterator[FindingStep]:
        if shelf is None:
            yield from self._search()
            return
        seen = self.source.seen
        key = key_of(shelf.fingerprint, seen.image, seen.weight, self.source.quality)
        known = shelf.cache.get(key, self.generator, self.source.quality)
        found = None if known is None else self._recalled(known)
        if found is not None:
            yield FindingStep("known", 1, 1, found.psnr, ready=True, found=found)
            return
        last = yield from self._search()
        shelf.cache.put(key, _kept(last), self.source.quality)

    def _search(self) -> Steps[FindingStep, None, Found]:
        found = yield from self._latent()
        found = yield from self._residual(found, self.quality.residual, first=True)
        if self.quality.better is None:
            return found
        better = yield from self._better(found, self.quality.better)
        if not better.psnr >= found.psnr:
            better = found
        yield self._step("done", better, ready=True, use=better is not found)
        return better

    def _latent(self) -> Steps[FindingStep, None, Found]:
        found = yield from self._looked(self.quality.inversion)
        again = self.quality.again
        if again is None or _score(found) >= UNCONVINCING:
            return found
        self.total += _steps(again)
        other = yield from self._looked(again, use=False)
        if _score(other) < _score(found) + GAIN:
            return found
        self.tolerance = again.tolerance
        return other

    def _looked(
        self, options: InversionOptions, *, use: bool = True
    ) -> Steps[FindingStep, None, Found]:
        seen, found = self.source.seen, None
        steps = inversion.invert(
            self.generator,
            seen.image,
            weight=seen.weight,
            options=options,
            surroundings=Surroundings(self.source.frame, self.source.look),
        )
        for step in steps:
            if step.stage == "samples":
                yield FindingStep("samples", step.index, step.total, 0.0)
                continue
            # While the frame moves it is not looked through: that takes long in a large picture.
            settled = step.whole or step.frame in (None, self.source.frame)
            if step.stage == "done" or (use and settled):
                found = self._seen(step, found)
            if step.stage != "done":
                self.index += 1
                shown = found if use and settled else None
                yield FindingStep(step.stage, self.index, self.total, step.psnr, found=shown)
        assert found is not None
        return self._likened(found)

    def _seen(self, step: inversion.InversionStep, before: Found | None) -> Found:
        frame = step.frame or self.source.frame
        if before is not None and before.frame == frame:
            return replace(before, ws=step.ws, psnr=step.psnr)
        seen = self.source.seen if frame == self.source.frame else self.source.look(frame)
        return Found(step.ws, frame, seen, step.psnr)

    @torch.no_grad()
    def _likened(self, found: Found) -> Found:
        """With the likeness of its latent alone."""
        picture = self.generator.render(found.ws).float().cpu()
        image, weight = found.seen.image, found.seen.weight
        return replace(found, likeness=Likeness(likeness_score(picture, image, weight)))

    def _residual(
        self, found: Found, options: ResidualOptions, *, first: bool
    ) -> Steps[FindingStep, None, Found]:
        generator = _tuned(self.generator, found.delta)
        steps = residual.fit(
            generator, found.ws, found.seen.image, weight=found.seen.weight, options=options
        )
        for step in steps:
            if step.index == step.total and step.psnr >= found.psnr:
                found = replace(found, residual=step.residual, psnr=step.psnr)
            last = first and step.index == step.total
            yield self._step("detail", found, ready=not first or last, use=last)
        return found

    def _better(self, quick: Found, options: Better) -> Steps[FindingStep, None, Found]:
        found = replace(quick, residual=None, psnr=-1.0)
        image, weight = quick.seen.image, quick.seen.weight
        steps = inversion.refine(
            self.generator,
            image,
            quick.ws,
            weight=weight,
            options=replace(options.inversion, tolerance=self.tolerance),
            features=self.features,
        )
        for step in steps:
            found = replace(found, ws=step.ws, psnr=step.psnr)
            if step.stage != "done":
                yield self._step(step.stage, found, ready=True, use=False)
        found = yield from self._tuned(self._likened(found), options.tuning)
        return (yield from self._residual(found, options.residual, first=False))

    def _tuned(self, found: Found, options: TuningOptions) -> Steps[FindingStep, None, Found]:
        if not options.steps or not tuning.tunable(self.generator, options.smallest_block):
            return found
        image, weight = found.seen.image, found.seen.weight
        for step in tuning.tune(self.generator, found.ws, image, weight=weight, options=options):
            if step.psnr >= found.psnr:
                found = replace(found, delta=step.delta, psnr=step.psnr)
            yield self._step("tuning", found, ready=True, use=False)
        return found

    def _step(
        self, stage: str, found: Found, *, ready: bool = False, use: bool = True
    ) -> FindingStep:
        self.index += 1
        shown = found if use else None
        return FindingStep(stage, self.index, self.total, found.psnr, ready, shown)

    def _recalled(self, known: Finding) -> Found | None:
        """None for what cannot be of this picture."""
        generator, source = self.generator, self.source
        try:
            frame = source.frame if known.place is None else placed(source.frame, known.place)
        except BadSaved:
            return None
        source = source.through(frame)
        ws = known.ws.to(generator.device, generator.dtype)
        arrays = known.residual
        changed = FeatureResidual.expanded(arrays, generator) if arrays else None
        likeness = None if known.likeness is None else Likeness(known.likeness)
        return Found(ws, source.frame, source.seen, known.psnr, known.delta, changed, likeness)


def _tuned(generator: Generator, delta: WeightDelta) -> Generator:
    return generator.with_weights(delta) if delta.tensors else generator


def _score(found: Found) -> float:
    return 0.0 if found.likeness is None else found.likeness.score


def _kept(found: Found) -> Finding:
    return Finding(
        ws=found.ws.float().cpu(),
        psnr=found.psnr,
        place=place_of(found.frame),
        likeness=None if found.likeness is None else found.likeness.score,
        delta=found.delta,
        residual={} if found.residual is None else found.residual.compact(),
    )


def place_of(frame: Frame) -> Place:
    """A frame as it is saved."""
    return Place(frame.centre, frame.scale, frame.angle)


def placed(frame: Frame, place: Place) -> Frame:
    """The frame of the same picture and model that was saved so.

    Raises BadSaved for one many times as wide as the picture, which would take as long to look at.
    """
    demand(place.scale * max(frame.model) <= WIDEST * max(frame.picture))
    return Frame(frame.picture, frame.model, place.centre, place.scale, place.angle)


def _steps(options: InversionOptions) -> int:
    """Of one look, but for the samples."""
    return options.start_steps + options.w_steps + options.wplus_steps


def _total(generator: Generator, quality: Quality) -> int:
    """Of all stages but the samples' and a second look."""
    count = _steps(quality.inversion) + quality.residual.steps + 1
    better = quality.better
    if better is None:
        return count
    count += better.inversion.wplus_steps + better.residual.steps + 1 + 1
    if better.tuning.steps and tuning.tunable(generator, better.tuning.smallest_block):
        count += better.tuning.steps + 1
    return count
