"""An image of GIMP's as the canvas of an edit (a `workbench.host.EditCanvas`); no GIMP, no Gtk.

A filter leaves the image alone until OK: what a drag brings is shown and remembered here, and
becomes layers at the end. What one sees is what is dragged on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Callable, List, Optional, Sequence, Tuple

from .changes import changed_between, laid_over, look_alike
from .draggan_wire.canvas import Handle
from .draggan_wire.crop import Crop
from .draggan_wire.errors import BadInput, LimitExceeded
from .draggan_wire.messages import Image
from .draggan_wire.workbench.region import (
    Opened,
    Source,
    Terms,
    check_mask_holds,
    choose_source,
    goes_on,
)
from .draggan_wire.workbench.trace import Trace
from .draggan_wire.workbench.words import Template
from .refusals import check_picture, check_precision, check_size

if TYPE_CHECKING:
    from .draggan_wire.workbench.handles import HandleLine
    from .draggan_wire.workbench.settings import Settings
    from .draggan_wire.workbench.strokes import Strokes
    from .host.document import GimpDocument

NOWHERE = Crop(0, 0, 1, 1)
COMPARED = 256  # pixels of the longer side
MOST_KEPT = 1 << 31  # bytes of all kept steps
KEPT = Template("Step {step} becomes a hidden layer when you press OK.")
LET_GO = Template("Step {step} is not kept any more.")
Show = Callable[[Optional[Image], Crop], None]
Rasterise = Callable[["Strokes", Crop], Optional[Image]]


@dataclass(frozen=True)
class NewLayer:
    """A layer to be: what of `image` differs from what lies below it (`changed`, gray8)."""

    name: str
    image: Image
    crop: Crop
    changed: Image
    visible: bool = True


@dataclass(frozen=True)
class Shown:
    """The picture of a step; `changed` as the daemon says, None where it does not."""

    name: str
    image: Image
    changed: Optional[Image] = None


@dataclass(frozen=True)
class KeptStep:
    """A step that becomes a hidden layer; `current` while it belongs to the timeline there is."""

    step: int
    layer: NewLayer
    current: bool = True


class GimpCanvas:
    """One image's canvas. `show` is handed what is to be seen in place of the opened picture.

    `strokes` is what the user has painted, made a mask by `rasterise`; without them the selection
    says what may move.
    """

    def __init__(
        self,
        document: GimpDocument,
        show: Show = lambda image, crop: None,
        *,
        strokes: Optional[Strokes] = None,
        rasterise: Rasterise = lambda strokes, crop: None,
    ) -> None:
        self._document = document
        self._show = show
        self._strokes = strokes
        self._rasterise = rasterise
        self._opened: Optional[Opened] = None
        self._own_picture: Optional[Image] = None  # that the image's source alone does not show
        self._look = b""  # of the source's own pixels when they were opened
        self._lines: Tuple[HandleLine, ...] = ()
        self._mask: Optional[Image] = None
        self._held: Tuple[NewLayer, ...] = ()  # results of edits that are over: in the image
        self._beneath: Tuple[NewLayer, ...] = ()  # those that are to come there, oldest first
        self._shown: Optional[Shown] = None  # the step on show, between drags
        self._step = 0  # its number, 0 for the opened picture
        self._reopened: Optional[int] = None  # the step that the image holds already
        self._awaiting = False  # the opened picture of an edit that is taken up again
        self._kept: List[KeptStep] = []
        self.trace = Trace()
        self.kept_words: str = KEPT
        self.pasted_words = ""  # the dialog shows it at once
        self.dragging = self.pasted_anew = False
        self.step_now: Callable[[], int] = lambda: 0
        self.see: Callable[[Image, int], None] = lambda image, step: None

    # What the edit, the dialog and the end of the filter want to know.

    @property
    def crop(self) -> Crop:
        return self._opened.source.crop if self._opened else NOWHERE

    @property
    def opened(self) -> Optional[Opened]:
        return self._opened

    @property
    def own_picture(self) -> Optional[Image]:
        return self._own_picture

    @property
    def looked_at(self) -> Optional[int]:
        return self._step if self._opened else None

    @property
    def step_of_layers(self) -> int:
        return self._step

    @property
    def result_step(self) -> Optional[int]:
        """Nothing is written into the image before the end."""
        return None

    @property
    def kept(self) -> Tuple[int, ...]:
        """The steps of the timeline that become layers."""
        return tuple(sorted(kept.step for kept in self._kept if kept.current))

    @property
    def beneath(self) -> Tuple[NewLayer, ...]:
        """What edits that are over have left, and the next one lies on; the lowest first."""
        return (*self._held, *self._beneath)

    @property
    def step(self) -> int:
        """The step on show between drags, 0 for the opened picture."""
        return self._step

    @property
    def anything(self) -> bool:
        """Whether there are layers to add; costs nothing."""
        return bool(self._beneath or self._kept or self.new_step)

    @property
    def new_step(self) -> bool:
        """Whether what is on show is neither the opened picture nor in the image already."""
        old = not self._step or self._in_image or self._awaiting
        return not old and self._shown is not None

    def source_changed(self) -> bool:
        """Whether the source shows something else where it was opened. Raises BadInput without."""
        opened = self._opened
        if opened is None or self._awaiting:
            return False
        return self._digest(opened.source) != self._look

    def layers(self) -> Tuple[NewLayer, ...]:
        """All that is to be added to the image, the lowest first, the result last."""
        kept = [kept.layer for kept in sorted(self._kept, key=lambda kept: kept.step)]
        return (*self._beneath, *kept, *self._results())

    # Before a drag.

    def aim(self, settings: Settings, lines: Sequence[HandleLine]) -> Optional[int]:
        """Chooses what is dragged; returns the step of the open edit that is on show.

        None: a new edit begins with what is seen now. Raises BadInput.
        """
        terms, lines = Terms.of(settings), tuple(lines)
        wanted = choose_source(self._document, settings, lines)
        step = self._step_on_show(terms, wanted, lines)
        crop = self.crop if step is not None else wanted.crop
        painted = self._read_painted(crop)
        mask = painted or self._read_selection(settings, crop)
        check_mask_holds(mask, crop, lines, painted=painted is not None)
        if step is None:
            self._open_anew(wanted, terms)
        else:
            self._cut(step)
        self._lines, self._mask = lines, mask
        return step

    def aim_ahead(self, settings: Settings) -> None:
        """Chooses the picture alone, before there are handles. Raises BadInput."""
        self._open_anew(choose_source(self._document, settings, None), Terms.of(settings))

    def adopt(self, opened: Opened, trace: Trace, step: int) -> None:
        """Goes on with an edit of another day; what is on show of it stays there."""
        self._opened, self._look = opened, self._digest(opened.source)
        self.trace, self._reopened, self._awaiting = trace, step, False
        self._held = ()
        self.pasted_anew = self._shows_otherwise()

    def _shows_otherwise(self) -> bool:
        """Whether the image holds another look of the step on show: its layer has changed since."""
        held = [layer for layer, step in self.trace.results if step == self._step]
        if not held or self._shown is None:
            return False
        found = self._document.read_layer(held[-1], self.crop)
        small = self._document.small
        return found is not None and not look_alike(
            small(found, COMPARED), small(self._shown.image, COMPARED)
        )

    def await_reopening(
        self, source: Source, terms: Terms, trace: Trace, picture: Optional[Image]
    ) -> None:
        """Reads what an edit of another day was made of, for `read_image`; `adopt` is to follow.

        Raises BadInput where it is gone.
        """
        if self._beneath:
            raise BadInput(
                "There are results that the image does not have yet.",
                hint="Press OK to add them, then start the filter anew.",
            )
        if source.layer:
            self._document.work_on(source.layer)
        found = picture or self._read(source, without=[layer for layer, _ in trace.results])
        self._begin(Opened(source, terms, found), b"")
        self._own_picture, self._awaiting = picture, True

    def forget(self) -> None:
        """The edit is over; what it has brought so far stays."""
        self._lay_down()
        self._kept = [replace(kept, current=False) for kept in self._kept]
        self._opened = None
        self._leave_step()

    def _step_on_show(
        self, terms: Terms, wanted: Source, lines: Sequence[HandleLine]
    ) -> Optional[int]:
        opened = self._opened
        if opened is None or terms != opened.terms or wanted.layer != opened.source.layer:
            return None
        if not goes_on(self._document, opened, wanted, lines):
            return None
        return self._step if self._digest(opened.source) == self._look else None

    def _open_anew(self, source: Source, terms: Terms) -> None:
        check_size(source.crop)
        beneath = (*self.beneath, *self._on_show())
        image = self._with(beneath, source)
        check_picture(image)
        look = self._digest(source)
        self._lay_down()
        self._begin(Opened(source, terms, image), look)
        self._own_picture = image if beneath else None

    def _begin(self, opened: Opened, look: bytes) -> None:
        self._opened, self._look = opened, look
        self._kept = [replace(kept, current=False) for kept in self._kept]
        self._leave_step()

    def _leave_step(self) -> None:
        self._shown, self._step, self._reopened, self._awaiting = None, 0, None, False
        self._show(None, self.crop)

    def _lay_down(self) -> None:
        """What is on show is what comes next begins with."""
        if self._shown is not None and self._in_image:
            self._held, self.trace = (*self._held, *self._on_show()), Trace()
        else:
            self._beneath = (*self._beneath, *self._on_show())

    def _results(self) -> Tuple[NewLayer, ...]:
        """What is on show as a layer, unless it is in the image already."""
        return () if self._in_image else self._on_show()

    @property
    def _in_image(self) -> bool:
        """Whether the image holds the step on show as it is shown."""
        return self._step == self._reopened and not self.pasted_anew

    def _on_show(self) -> Tuple[NewLayer, ...]:
        """What is on show as a layer, unless it is the opened picture."""
        if self._shown is None or self._awaiting or not (self._step or self._beneath):
            return ()
        layer = self._layer(self._shown)
        self._shown = replace(self._shown, changed=layer.changed)  # which takes its time
        # The daemon may have gone on from an older edit, whose step 0 is another picture.
        return (layer,) if self._step or bytes(layer.changed.data).strip(b"\0") else ()

    def _with(self, beneath: Sequence[NewLayer], source: Source) -> Image:
        image = self._read(source)
        for layer in beneath:
            check_precision(image, layer.image)
            image = laid_over(image, source.crop, layer.image, layer.crop, layer.changed)
        return image

    def _read(self, source: Source, *, without: Sequence[str] = ()) -> Image:
        if not source.layer:
            return self._document.read_visible(source.crop, without=without)
        image = self._document.read_layer(source.layer, source.crop)
        if image is None:
            raise BadInput(
                "The layer has been deleted.", hint="Close this dialog, then choose another."
            )
        return image

    def _digest(self, source: Source) -> bytes:
        image = self._read(source)
        form = f"{source}/{image.format}/".encode()
        return hashlib.blake2b(form + bytes(image.data), digest_size=16).digest()

    def _read_painted(self, crop: Crop) -> Optional[Image]:
        return self._rasterise(self._strokes, crop) if self._strokes is not None else None

    def _read_selection(self, settings: Settings, crop: Crop) -> Optional[Image]:
        return self._document.read_selection(crop) if settings.mask == "selection" else None

    # The Canvas of an edit.

    def read_image(self) -> Image:
        if self._opened is None:
            raise BadInput("Nothing has been chosen to drag.", hint="Press Drag again.")
        return self._opened.image

    def read_handles(self) -> Sequence[Handle]:
        inside = self.crop.from_document
        return [(inside(line.start), inside(line.target)) for line in self._lines]

    def read_mask(self) -> Optional[Image]:
        return self._mask

    def show_preview(self, image: Image) -> None:
        step = self.step_now()
        self.see(image, step)
        if not self.dragging:
            self._stand_at(step, Shown(f"DragGAN, step {step}", image))
        self._show(image, self.crop)

    def keep_step(self, image: Image, step: int, changed: Optional[Image]) -> None:
        """Keeps it, or lets it go where it was kept already."""
        if step in self.kept and not self.dragging:
            self._kept = [kept for kept in self._kept if not (kept.current and kept.step == step)]
            self.kept_words = LET_GO
            return
        layer = self._layer(Shown(f"DragGAN, step {step}", image, changed))
        if sum(_size(kept.layer) for kept in self._kept) + _size(layer) > MOST_KEPT:
            if self.dragging:
                return  # the drag is worth more than one step of it
            raise LimitExceeded(
                "The steps that are kept fill the memory that there is for them.",
                hint="Let some of them go, or press OK.",
            )
        self._kept.append(KeptStep(step, replace(layer, visible=False)))
        self.kept_words = KEPT

    def add_result(self, image: Image, name: str, changed: Optional[Image]) -> None:
        step = self.step_now()
        self.see(image, step)
        self._reopened = None
        self._stand_at(step, Shown(name, image, changed))
        self._show(image, self.crop)

    def clear_preview(self) -> None:
        """Back to what is on show between drags."""
        self._show(self._shown.image if self._shown else None, self.crop)

    def _cut(self, step: int) -> None:
        """The timeline goes on from a step: what was kept after it is no step of it any more."""
        self._kept = [
            replace(kept, current=kept.current and kept.step <= step) for kept in self._kept
        ]

    def settle(self, *, at_work: bool) -> None:
        """Nothing to tidy up."""

    def _stand_at(self, step: int, shown: Shown) -> None:
        self._step, self._shown = step, shown

    def _layer(self, shown: Shown) -> NewLayer:
        changed = shown.changed or changed_between(self.read_image(), shown.image)
        return NewLayer(shown.name, shown.image, self.crop, changed)


def _size(layer: NewLayer) -> int:
    return memoryview(layer.image.data).nbytes + memoryview(layer.changed.data).nbytes
