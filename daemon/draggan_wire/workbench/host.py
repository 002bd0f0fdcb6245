"""What an editor's plugin gives for the edit of a document: protocols; standard library only."""

from __future__ import annotations

from typing import Callable, Optional, Protocol, Sequence, Tuple

from ..canvas import Canvas
from ..crop import Crop
from ..messages import Image
from .handles import HandleLine
from .region import Opened, Source, Terms
from .settings import Settings
from .trace import Trace


class EditedDocument(Protocol):
    """A document of the editor's, as far as its edit needs it."""

    @property
    def size(self) -> Tuple[int, int]:
        """Width and height in pixels."""

    def frame(self, layer: str) -> Crop:
        """The part of the document that a source covers: all of it for "", else for a layer's id.

        Raises BadInput for a layer that is gone, or that covers nothing.
        """

    def read_note(self) -> bytes:
        """The edit that the document carries, b"" for none."""

    def write_note(self, data: bytes) -> None:
        """Lets the document carry an edit."""

    def close(self) -> None:
        """Nothing more is wanted of it."""


class EditCanvas(Canvas, Protocol):
    """A document's canvas: what is read for an edit, and where its steps and results are shown."""

    kept_words: str  # where a kept step is found: a sentence with the gap {step}
    pasted_words: str  # where a step is that is shown pasted in another way: a sentence, or ""
    dragging: bool  # steps that come now belong to a drag, not to a look back
    pasted_anew: bool  # set by the edit: steps come in another way than the layers show them
    step_now: Callable[[], int]  # set by the edit: the step of the picture that comes
    see: Callable[[Image, int], None]  # set by the edit: is to be told each picture and its step

    @property
    def crop(self) -> Crop:
        """What the edit works on, in the document's pixels; any where nothing is open."""

    @property
    def opened(self) -> Optional[Opened]:
        """What the edit has been opened with."""

    @property
    def own_picture(self) -> Optional[Image]:
        """The opened picture, where it cannot be read from the document again; else None."""

    @property
    def trace(self) -> Trace:
        """The layers that the edit has left in the document."""

    @property
    def step_of_layers(self) -> int:
        """The step of the newest result that the document shows, 0 where there is none."""

    @property
    def looked_at(self) -> Optional[int]:
        """The step that is shown in place of what the document holds, None for none."""

    @property
    def result_step(self) -> Optional[int]:
        """The step of the newest result that the document is to remember, None for none."""

    def aim(self, settings: Settings, lines: Sequence[HandleLine]) -> Optional[int]:
        """Chooses what is dragged; returns the step of the open edit that the document shows.

        None: a new edit begins with the pixels that are there now. Raises BadInput.
        """

    def aim_ahead(self, settings: Settings) -> None:
        """Chooses the picture alone, before there are handles. Raises BadInput."""

    def adopt(self, opened: Opened, trace: Trace, step: int) -> None:
        """Goes on with an edit of another day, whose newest result is `step`."""

    def await_reopening(
        self, source: Source, terms: Terms, trace: Trace, picture: Optional[Image]
    ) -> None:
        """Reads what an edit of another day was made of, for `read_image`; `adopt` is to follow.

        That is the source without the layers that the edit has left, or the `picture` that it has
        kept. Raises BadInput where it is gone.
        """

    def forget(self) -> None:
        """The edit is over; the layers that it has left stay."""

    def settle(self, *, at_work: bool) -> None:
        """Called every now and then: takes away a preview that nothing has followed."""
