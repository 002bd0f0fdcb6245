"""A Krita document as the canvas of an edit (`draggan_wire.canvas.Canvas`); stdlib only.

It reads what `aim` has chosen, so that all that one drag depends on is read at one moment. Results
and kept steps are layers in one group; nothing of the user's is ever written to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Callable, Optional, Sequence, Tuple

from .draggan_wire.canvas import Handle
from .draggan_wire.crop import Crop
from .draggan_wire.errors import BadInput
from .draggan_wire.messages import Image
from .draggan_wire.pixels import is_blank
from .draggan_wire.workbench.region import (
    Looks,
    Opened,
    Source,
    Terms,
    check_mask_holds,
    choose_source,
    goes_on,
)
from .draggan_wire.workbench.trace import Trace
from .host import layers
from .host.animation import AnimationExport
from .preview import NAME, Painter, Preview

if TYPE_CHECKING:
    from .draggan_wire.workbench.handles import HandleLine
    from .draggan_wire.workbench.settings import Settings
    from .host.document import KritaDocument

WHOLE = Crop(0, 0, 1, 1)


class KritaCanvas:
    """One document's canvas.

    `paint` shows a picture over Krita's own (see `preview`).
    """

    pasted_words = "The step is shown with the new setting; Keep step makes a layer of it."
    kept_words = "Step {step} is kept as a hidden layer in the group 'DragGAN'."

    def __init__(self, document: KritaDocument, paint: Painter) -> None:
        self._document = document
        self._preview = Preview(document, paint)
        self._opened: Optional[Opened] = None
        self._looks = Looks()
        self._lines: Tuple[HandleLine, ...] = ()
        self._mask: Optional[Image] = None
        self._trace = Trace()
        self._clearing = False
        self._clears = False  # something shines through what is dragged
        self.dragging = False  # steps that come now belong to a drag, not to a look back
        self.pasted_anew = False  # steps come in another way than the layers show them
        self.looked_at: Optional[int] = None  # the step that is painted over the canvas
        self.step_now: Callable[[], int] = lambda: 0  # of the picture that comes
        self.see: Callable[[Image, int], None] = lambda image, step: None  # is told of each

    @property
    def crop(self) -> Crop:
        """What the edit works on, in the document's pixels."""
        return self._opened.source.crop if self._opened else WHOLE

    # Before a drag.

    def aim(self, settings: Settings, lines: Sequence[HandleLine]) -> Optional[int]:
        """Chooses what is dragged; returns the step of the open edit that the document shows.

        None: a new edit begins with the pixels that are there now. Raises BadInput.
        """
        terms, lines = Terms.of(settings), tuple(lines)
        wanted = choose_source(self._document, settings, lines)
        step = self._step_on_show(terms, wanted, lines)
        opened = self._opened if step is not None else self._look_anew(wanted, terms)
        assert opened is not None
        mask = self._document.read_selection(opened.source.crop)
        check_mask_holds(mask, opened.source.crop, lines)
        if opened is not self._opened:  # nothing was refused: what was known before is past
            self._begin(opened, Trace())
        self._lines, self._mask = lines, mask
        self._preview.begin()
        self._document.prepare()
        return step

    def aim_ahead(self, settings: Settings) -> None:
        """Chooses the picture alone, before there are handles. Raises BadInput."""
        source = choose_source(self._document, settings, None)
        self._begin(self._look_anew(source, Terms.of(settings)), Trace())

    def adopt(self, opened: Opened, trace: Trace, step: int) -> None:
        """Goes on with an edit of another day, whose newest result is `step`."""
        self._begin(opened, trace)
        self._document.watch(trace.group, opened.source.layer)
        look = self._read(opened.source) if self.step_of_layers == step else None
        if look is not None:
            self._looks.remember(look, step)

    def await_reopening(
        self, source: Source, terms: Terms, trace: Trace, picture: Optional[Image]
    ) -> None:
        """Reads what an edit of another day was made of, for `read_image`; `adopt` is to follow.

        Raises BadInput where it is gone.
        """
        found = picture or self._read(source, without=[uid for uid, _ in trace.results])
        if found is None:
            raise BadInput(
                "The layer that this edit was made of is gone.",
                hint="Undo that, or begin a new edit: place handles and press Drag.",
            )
        self._begin(Opened(source, terms, found), trace)

    def forget(self) -> None:
        """The edit is over; the layers that it has left stay."""
        self._opened, self._trace, self._looks = None, Trace(), Looks()
        self._show_nothing()

    def _begin(self, opened: Opened, trace: Trace) -> None:
        self._opened, self._trace, self._looks = opened, trace, Looks()
        self._looks.remember(opened.image, 0)
        self._clears = self._document.shines_through(opened.source.layer, opened.image)
        self._show_nothing()

    def _show_nothing(self) -> None:
        self._clearing, self.looked_at = False, None
        self._preview.clear()

    @property
    def opened(self) -> Optional[Opened]:
        return self._opened

    @property
    def own_picture(self) -> Optional[Image]:
        """Layers and what is visible can be read again."""
        return None

    @property
    def trace(self) -> Trace:
        """The layers that the edit has left in the document."""
        return self._trace

    @property
    def step_of_layers(self) -> int:
        """The step of the newest result that can be seen, 0 where there is none (any more)."""
        shown = (step for uid, step in reversed(self._trace.results) if self._document.shows(uid))
        return next(shown, 0)

    @property
    def result_step(self) -> Optional[int]:
        """The step of the newest result, None without one."""
        return self._trace.results[-1][1] if self._trace.results else None

    def _step_on_show(
        self, terms: Terms, wanted: Source, lines: Sequence[HandleLine]
    ) -> Optional[int]:
        opened = self._opened
        if opened is None or terms != opened.terms:
            return None
        source = opened.source
        if not goes_on(self._document, opened, wanted, lines):
            return None
        if not self._same_layer(wanted.layer, source.layer):
            return None
        look = self._read(source)
        step = None if look is None else self._looks.step_of(look)
        return self.step_of_layers if step is not None and source.layer else step

    def _same_layer(self, wanted: str, opened: str) -> bool:
        if bool(wanted) != bool(opened):
            return False
        return wanted == opened or self._document.is_inside(wanted, self._trace.group)

    def _look_anew(self, source: Source, terms: Terms) -> Opened:
        image = self._read(source)
        if image is None or is_blank(image):
            raise BadInput(
                "There is nothing to see where the handles are.",
                hint="Choose a layer with pixels there, or work on everything visible.",
            )
        return Opened(source, terms, image)

    def _read(self, source: Source, *, without: Sequence[str] = ()) -> Optional[Image]:
        if source.layer:
            return self._document.read_layer(source.layer, source.crop)
        return self._document.read_visible(source.crop, without=without)

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
        self._clearing = False
        self.see(image, self.step_now())
        if not self.dragging and self._is_on_layer(self.step_now()):
            self._preview.clear()
            self.looked_at = None
            return
        self.looked_at = None if self.dragging else self.step_now()
        self._preview.show(
            layers.NewLayer(NAME, image, self.crop, locked=True, clears=self._clears),
            on_layer=self.dragging,
            group=self._group(),
            above=self._above(),
        )

    def _is_on_layer(self, step: int) -> bool:
        """Whether the document shows the very picture of that step."""
        return step == self.step_of_layers and not self.pasted_anew

    def keep_step(self, image: Image, step: int, changed: Optional[Image]) -> None:
        """Kept steps are hidden layers: they must not lie over what is still being dragged."""
        covers = self._with_earlier(changed)
        added = self._add(image, f"DragGAN, step {step}", covers, visible=False)
        self._trace = replace(self._trace, group=added.group)

    def add_result(self, image: Image, name: str, changed: Optional[Image]) -> None:
        self._clearing, self.looked_at = False, None
        self.see(image, self.step_now())
        changed = self._with_earlier(changed)
        added = self._preview.become(name, image, self.crop, changed)
        if added is None:
            added = self._add(image, name, changed, visible=True)
        step = self.step_now()
        self._trace = Trace(added.group, (*self._trace.results, (added.layer, step)))
        if self._opened and not self._opened.source.layer:
            self._looks.remember(self._document.read_visible(self.crop), step)

    def clear_preview(self) -> None:
        """Only noted: a result that follows at once takes the layer over (see `settle`)."""
        self._clearing = True

    def settle(self, *, at_work: bool) -> None:
        """Takes the preview away, if that is what it has come to; tidies up after Krita."""
        if self._clearing:
            self._show_nothing()
        self._document.settle(at_work=at_work)

    def export(self, frames: Sequence[Image]) -> AnimationExport:
        """Begins to make an animated layer of the frames."""
        group, above, clears = self._group(), self._above(), self._clears
        export = self._document.export(frames, self.crop, group=group, above=above, clears=clears)
        self._trace = replace(self._trace, group=export.group)
        return export

    def _add(
        self, image: Image, name: str, changed: Optional[Image], *, visible: bool
    ) -> layers.Added:
        crop, clears = self.crop, self._clears
        new = layers.NewLayer(name, image, crop, changed, visible=visible, clears=clears)
        return self._document.add_layer(new, group=self._group(), above=self._above())

    def _with_earlier(self, changed: Optional[Image]) -> Optional[Image]:
        earlier = [uid for uid, _ in self._trace.results]
        return self._document.with_earlier(changed, earlier, self.crop)

    def _group(self) -> str:
        """The edit's group; a new one ("") in place of one that is gone or hidden."""
        group = self._preview.group or self._trace.group
        return group if self._document.shows(group) else ""

    def _above(self) -> str:
        return self._opened.source.layer if self._opened else ""
