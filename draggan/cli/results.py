"""What an edit leaves behind: its files and a line per handle; never torch, no sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from draggan import __version__
from draggan.cli.handles import Point, written
from draggan.cli.job import Job
from draggan.openraster import Group, Layer, crop_to_change, write_openraster
from draggan.pictures import as_shown, save_picture, save_png
from draggan.report import Mark, before_after, write_animation
from draggan.writing import replacing

EDIT_FORMAT = 1
REOPENED = "reopened"  # the reason why nothing was dragged
HELD = 0.01  # of the picture's longer side, by which a pin may move that has held


@dataclass(frozen=True)
class Patch:
    """A piece of picture, (h, w, 1..4), and its top left corner in the whole."""

    array: np.ndarray
    x: int = 0
    y: int = 0

    def over(self, picture: np.ndarray) -> np.ndarray:
        """A copy of `picture` (H, W, the same channels) with this piece in its place."""
        height, width = self.array.shape[:2]
        whole = picture.copy()
        whole[self.y : self.y + height, self.x : self.x + width] = self.array
        return whole


@dataclass(frozen=True)
class Step:
    """A kept step: its number in the drag, its pixels, where the handles are (whole picture)."""

    index: int
    patch: Patch
    points: tuple[Point, ...]


@dataclass(frozen=True)
class HandleEnd:
    """Where a handle has come to, and how far (in pixels of the picture) it is from its target."""

    point: Point
    status: str
    distance: float


@dataclass(frozen=True)
class Outcome:
    """A drag that has ended, in good order or by Ctrl+C."""

    result: Patch
    kept: tuple[Step, ...]
    ends: tuple[HandleEnd, ...]
    reason: str
    steps: int
    ms_per_step: float
    psnr: float | None
    likeness: float | None = None  # from 0 to 1: how well the model knows the picture
    seen: np.ndarray | None = None  # (h, w, 1..4): how the model paints it by itself


def write_results(job: Job, outcome: Outcome) -> list[Path]:
    """Writes everything into the output folder, each file whole or not at all.

    Returns the paths, the result first. Raises CannotWrite.
    """
    out = job.options.out
    source = job.picture.array
    native = outcome.result.over(job.picture.samples)
    result = as_shown(native)
    marks = _marks(job, [end.point for end in outcome.ends])
    save_picture(out / "result.png", native)
    save_png(out / "before-after.png", before_after(source, result, marks))
    write_animation(out / "drag.webp", _frames(job, outcome, result))
    write_openraster(out / "layers.ora", list(_layers(job, outcome, result)), merged=result)
    with replacing(out / "edit.json") as file:
        file.write(f"{json.dumps(describe(job, outcome), indent=2)}\n".encode())
    names = ["result.png", "before-after.png", "drag.webp", "layers.ora", "edit.json"]
    if outcome.seen is not None:
        save_png(out / "model.png", as_shown(outcome.seen))
        names.append("model.png")
    return [out / name for name in names]


def describe(job: Job, outcome: Outcome) -> dict[str, object]:
    """The edit in plain data: what was asked, with what, and what came out."""
    handles = [
        {
            "start": handle.start,
            "target": handle.target,
            "end": end.point,
            "status": end.status,
            "distance": round(end.distance, 2),
        }
        for handle, end in zip(job.handles, outcome.ends, strict=True)
    ]
    options = {
        key: value
        for key, value in asdict(job.options).items()
        if key not in ("out", "endpoint", "save")
    }
    return {
        "format": EDIT_FORMAT,
        "draggan": __version__,
        "picture": {"name": job.name, "size": job.picture.size},
        "mask": job.mask is not None,
        "options": options,
        "handles": handles,
        "reason": outcome.reason,
        "steps": outcome.steps,
        "ms_per_step": round(outcome.ms_per_step, 2),
        "inversion_psnr": outcome.psnr,
        "likeness": outcome.likeness,
    }


def summary(job: Job, outcome: Outcome, paths: Sequence[Path]) -> Iterator[str]:
    """The lines that end a command: per handle, about the steps, and where the files are."""
    for handle, end in zip(job.handles, outcome.ends, strict=True):
        if handle.pinned:
            yield f"pin {written(handle.start)}: {_how_held(job, end)}"
            continue
        yield (
            f"handle {written(handle.start)} -> {written(handle.target)}: {end.status}, "
            f"{end.distance:.1f} px left"
        )
    if outcome.reason == REOPENED:
        yield f"the edit as it was saved, at step {outcome.steps}"
    else:
        pace = f"{outcome.ms_per_step:.1f} ms per step"
        yield f"{outcome.steps} steps, {pace}; {_why(outcome.reason)}"
    yield from (str(path) for path in paths)


def _how_held(job: Job, end: HandleEnd) -> str:
    """A pin may give way where handles pull harder than it holds."""
    held = max(1.0, HELD * max(job.picture.size))
    return f"{'held' if end.distance <= held else 'not held'}, moved by {end.distance:.1f} px"


def _why(reason: str) -> str:
    return {
        "reached": "all handles have arrived",
        "stopped": "stopped by you",
        "cap": "the number of steps is used up (more with --steps)",
        "stuck": "the handles do not come any nearer",
        "lost": "a handle has lost what it was put on",
    }.get(reason, reason)


def _marks(job: Job, points: Sequence[Point]) -> list[Mark]:
    pairs = zip(job.handles, points, strict=True)
    return [Mark(handle.start, point, handle.target) for handle, point in pairs]


def _frames(
    job: Job, outcome: Outcome, result: np.ndarray
) -> Iterator[tuple[np.ndarray, list[Mark]]]:
    source = job.picture.array
    yield source, _marks(job, [handle.start for handle in job.handles])
    for step in outcome.kept:
        yield _shown(job, step.patch), _marks(job, step.points)
    yield result, _marks(job, [end.point for end in outcome.ends])


def _shown(job: Job, patch: Patch) -> np.ndarray:
    return as_shown(patch.over(job.picture.samples))


def _layers(job: Job, outcome: Outcome, result: np.ndarray) -> Iterator[Layer | Group]:
    """Topmost first, the latest step above the earlier ones.

    No name twice: GIMP would show the second one as "result #1".
    """
    source = job.picture.array
    yield Group("result", (crop_to_change("dragged", result, source, visible=True),))
    kept = tuple(
        crop_to_change(f"step {step.index}", _shown(job, step.patch), source, visible=False)
        for step in reversed(outcome.kept)
    )
    yield Group("kept steps", kept)
    opaque = source.shape[2] == 3
    yield Group("source", (Layer(job.name, source, visible=opaque),))
