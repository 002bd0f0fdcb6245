"""Preparing a model for pictures that it did not make: its encoder, taught within minutes; torch.

A stream of steps that may be left at any time: what is reached lies in the cache, is taken up by
the next preparation of the same model, and ends there as the encoder that `encoder.encoder_for`
finds. Everything in the cache may be lost or spoilt; then it is made anew.
"""

from __future__ import annotations

import time
from collections.abc import Generator as Steps
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

import torch

from .cache import cache_directory
from .encoder import encoder_for, save_encoder
from .encoder_files import prepared_file, samples_file, unfinished_file
from .encoder_saved import read_lessons, read_teaching, save_lessons, save_teaching
from .encoder_training import BATCH, REGRESSED, Lessons, Teaching, draw_lessons, draw_metric, joined
from .errors import BadInput
from .generator import Generator
from .writing import check_folder

Stage = Literal["samples", "encoder", "done"]
MINUTES = 10.0
LONGEST = 24 * 60.0  # minutes
TOGETHER = 8  # samples that are drawn at once
LEAST = 64  # samples, and lessons of regression, however short the time is
METRIC_SHARE, REGRESSION_SHARE = 0.4, 0.5  # of the minutes: what begins later is left out


@dataclass(frozen=True)
class PreparationOptions:
    """How much to look at, and how often to save."""

    minutes: float = MINUTES  # of work in all, those of earlier runs included
    samples: int = 6144
    samples_share: float = 0.3  # of the minutes, at most
    metric: int = 384  # samples that say what counts
    regressed: int = REGRESSED  # lessons of the linear part
    save_every: float = 60.0  # seconds


@dataclass(frozen=True)
class PreparationStep:
    """Where the work is; the stages are "samples", "encoder" and, last, "done"."""

    stage: Stage
    share: float  # of the stage, 0 to 1
    minutes: float  # of work, so far, earlier runs included
    error: float = 0.0  # of the encoder, in standard deviations of what can be seen; 0: unknown


def prepare(
    generator: Generator, *, options: PreparationOptions | None = None
) -> Steps[PreparationStep, None, None]:
    """Teach the generator's encoder; the last step is "done", at once where there is one.

    Leaving early keeps what is there. Raises BadInput for times that make no sense, and
    CannotWrite where the cache takes no files.
    """
    options = options or PreparationOptions()
    if not 0 < options.minutes <= LONGEST:
        raise BadInput("A preparation takes between a moment and a day.", hint="Try 10 minutes.")
    check_folder(cache_directory())
    return _Preparation(generator, options).run()


class _Preparation:
    """One run of the work; `seconds` goes on where an earlier one has stopped."""

    def __init__(self, generator: Generator, options: PreparationOptions) -> None:
        self.generator, self.options = generator, options
        self.seconds = 0.0
        self.limit = 60 * options.minutes

    def run(self) -> Steps[PreparationStep, None, None]:
        if encoder_for(self.generator) is None:
            lessons = yield from self._samples()
            teaching = yield from self._encoder(lessons)
            save_encoder(teaching.average, self.generator, prepared_file(self.generator.name))
            for path in (unfinished_file(self.generator.name), samples_file(self.generator.name)):
                with suppress(OSError):
                    path.unlink(missing_ok=True)
        yield PreparationStep("done", 1.0, self.seconds / 60)

    def _samples(self) -> Steps[PreparationStep, None, Lessons]:
        """Samples until there are enough of them, or until their time is up."""
        path, options = samples_file(self.generator.name), self.options
        parts, count = [], 0
        found = read_lessons(path, self.generator)
        if found is not None:
            self.seconds = min(found[1], self.limit)
            parts, count = [found[0]], len(found[0])
        random = torch.Generator().manual_seed(count)
        begun, saved = count, self.seconds
        until = options.samples_share * self.limit
        try:
            while count < options.samples and (count < LEAST or self.seconds < until):
                with self._timed():
                    parts.append(draw_lessons(self.generator, TOGETHER, random))
                count += TOGETHER
                if self.seconds - saved > options.save_every:
                    saved, begun = self.seconds, count
                    save_lessons(path, self.generator, joined(parts), seconds=self.seconds)
                yield self._step("samples", max(count / options.samples, self.seconds / until))
        finally:
            if count > begun:
                save_lessons(path, self.generator, joined(parts), seconds=self.seconds)
        return joined(parts)

    def _encoder(self, lessons: Lessons) -> Steps[PreparationStep, None, Teaching]:
        path = unfinished_file(self.generator.name)
        found = read_teaching(path, self.generator)
        if found is None:
            teaching = yield from self._begun(lessons)
        else:
            teaching, self.seconds = found[0], max(self.seconds, min(found[1], self.limit))
        saved = self.seconds
        try:
            while self.seconds < self.limit:
                with self._timed():
                    teaching.step(lessons, rate=self._rate())
                if self.seconds - saved > self.options.save_every:
                    saved = self.seconds
                    save_teaching(path, teaching, seconds=self.seconds)
                yield self._step("encoder", self.seconds / self.limit, teaching.loss)
        finally:
            save_teaching(path, teaching, seconds=self.seconds)
        return teaching

    def _begun(self, lessons: Lessons) -> Steps[PreparationStep, None, Teaching]:
        """A network that knows what linear regression knows, however short the time is."""
        random = torch.Generator().manual_seed(len(lessons))
        metrics = draw_metric(self.generator, self.options.metric, random)
        metric = None
        while metric is None or self.seconds < METRIC_SHARE * self.limit:
            with self._timed():
                better = next(metrics, None)
            if better is None:
                break
            metric = better
            yield self._step("encoder", self.seconds / self.limit)
        assert metric is not None  # options ask for one sample at least
        teaching = Teaching(self.generator, metric)
        for done in range(0, self.options.regressed, BATCH):
            if done >= LEAST and self.seconds > REGRESSION_SHARE * self.limit:
                break
            with self._timed():
                teaching.read(lessons)
            yield self._step("encoder", self.seconds / self.limit)
        teaching.solve(lessons)
        return teaching

    def _rate(self) -> float:
        """Of the learning rate: all of it for half of the time, then less and less."""
        return min(1.0, max(0.02, 2 - 2 * self.seconds / self.limit))

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Only work counts, not what whoever reads the steps does between them."""
        start = time.monotonic()
        yield
        self.seconds += time.monotonic() - start

    def _step(self, stage: Stage, share: float, error: float = 0.0) -> PreparationStep:
        return PreparationStep(stage, min(1.0, share), self.seconds / 60, error)
