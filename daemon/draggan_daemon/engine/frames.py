"""What a client is shown of an edit: frames in its own pixels, coded for its link, and accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from draggan_wire.messages import Done, Frame, HandleResult, Image, Pasting, Point
from numpy.typing import NDArray

from draggan.borders import Cut
from draggan.drag import DragStep
from draggan.pasting import PasteOptions

from .coding import fits_jpeg, rows
from .edit import Edit

LIKENESS_SIDE = 256  # px, at most
PLAIN = Pasting()


@dataclass(frozen=True)
class Handles:
    """Where the handles of a step are, and how they fare."""

    points: tuple[Point, ...]
    distances: tuple[float, ...] = ()
    statuses: tuple[str, ...] = ()

    @classmethod
    def of(cls, step: DragStep) -> Handles:
        return cls(_pairs(step.points.tolist()), step.distances, step.statuses)

    @classmethod
    def at_end(cls, done: Done) -> Handles:
        return cls(
            tuple((end.x, end.y) for end in done.handles),
            tuple(end.distance for end in done.handles),
            tuple(end.status for end in done.handles),
        )


def frame(
    edit: Edit,
    kind: str,
    index: int,
    handles: Handles | None = None,
    *,
    paste: Pasting = PLAIN,
    max_side: int | None = None,
) -> Frame:
    """The picture at `index` of the timeline in the client's own format.

    Without `handles`: where they were is known of the timeline, what they were after is not.
    """
    if handles is None:
        handles = Handles(_pairs(edit.editor.timeline[index].points.tolist()))
    preview = kind == "preview"
    native = _pasted(edit, index, paste, max_side=max_side, draft=preview)
    edit.frames += 1
    return Frame(
        edit.session,
        edit.frames,
        kind,
        index,
        _preview(edit, native) if preview else _result(edit, native),
        points=handles.points,
        distances=handles.distances,
        statuses=handles.statuses,
        changed=None if preview else _marked(edit, edit.editor.changed(native)),
        cut=() if preview else _places(edit.editor.cut),
    )


def _pasted(
    edit: Edit, index: int, paste: Pasting, *, max_side: int | None, draft: bool
) -> NDArray:
    what: Literal["moved", "all"] = "all" if paste.what == "all" else "moved"
    options = PasteOptions(what, paste.detail, paste.seam, paste.goes_on)
    return edit.editor.image(index, max_side=max_side, draft=draft, paste=options)


def _places(cut: Cut) -> tuple[str, ...]:
    return (*cut.edges, "area") if cut.inside else cut.edges


def likeness(edit: Edit) -> Frame:
    """The opened picture as far as the model knows such pictures."""
    native = edit.editor.reconstruction(max_side=LIKENESS_SIDE, known=True)
    edit.frames += 1
    return Frame(edit.session, edit.frames, "likeness", 0, _preview(edit, native))


def account(session: str, step: DragStep, *, taken: int, ms_per_step: float) -> Done:
    """What is said when a drag is over, after `taken` steps of it."""
    h = Handles.of(step)
    ends = zip(h.points, h.statuses, h.distances, strict=True)
    return Done(
        session,
        reason=step.ending or "stopped",
        steps=taken,
        ms_per_step=ms_per_step,
        handles=tuple(HandleResult(x, y, status, distance) for (x, y), status, distance in ends),
    )


def _preview(edit: Edit, native: NDArray) -> Image:
    coding = edit.coding
    if coding.previews == "jpeg" and _fits_jpeg(edit):
        return edit.ladder.encode(native, edit.format.name, coding.budget)
    raw = _raw(edit, native)
    return raw if coding.previews == "raw" else rows(raw)


def _fits_jpeg(edit: Edit) -> bool:
    """Of the opened picture, since an edit changes no sample's type and no transparency."""
    if edit.fits_jpeg is None:
        edit.fits_jpeg = fits_jpeg(edit.editor.image(0))
    return edit.fits_jpeg


def _result(edit: Edit, native: NDArray) -> Image:
    raw = _raw(edit, native)
    return rows(raw) if edit.coding.results == "rows" else raw


def _raw(edit: Edit, native: NDArray) -> Image:
    height, width = native.shape[:2]
    return Image(edit.format.name, width, height, edit.format.to_bytes(native))


def _marked(edit: Edit, where: NDArray) -> Image:
    """(h, w) bool as gray8: 255 where it is true."""
    height, width = where.shape
    raw = Image("gray8", width, height, (where.view("uint8") * 255).tobytes())
    return rows(raw) if edit.coding.results == "rows" else raw


def _pairs(points: list[list[float]]) -> tuple[Point, ...]:
    return tuple((x, y) for x, y in points)
