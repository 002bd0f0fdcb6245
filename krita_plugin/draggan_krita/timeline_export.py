"""The whole timeline as an animated layer: fetches the steps, then hands them to Krita's side.

No Qt; Krita only through `host.animation`.
"""

from __future__ import annotations

from typing import List, Optional

from .draggan_wire.errors import WireError
from .draggan_wire.messages import Frame, Image
from .draggan_wire.workbench.document_edit import DocumentEdit
from .host.animation import AnimationExport, thinned

MOST_FRAMES = 240


class TimelineExport:
    """One export of one edit, which hears how it goes. Call `advance` from a timer until `over`."""

    def __init__(self, edit: DocumentEdit) -> None:
        self.edit = edit
        self.over = False
        self._steps = thinned(edit.edit.last, MOST_FRAMES)
        self._frames: List[Image] = []
        self._layer: Optional[AnimationExport] = None
        edit.fetch(self._steps, self._receive)

    def advance(self) -> None:
        """One small step; what goes wrong stands in the edit's words."""
        try:
            if self._layer is not None:
                self._make(self._layer)
            elif len(self._frames) == len(self._steps):
                self._layer = self.edit.canvas.export(self._frames)
            elif not self.edit.edit.to_fetch:  # it has ended early, and the edit says why
                self.over = True
                self.edit.tell("")
        except WireError as error:
            self.over = True
            self.edit.refuse(error)
        except Exception:
            self.over = True
            raise

    def _receive(self, frame: Frame) -> None:
        self._frames.append(frame.image)
        total = len(self._steps)
        self.edit.tell(f"Fetching the animation: {len(self._frames)} of {total} frames.")

    def _make(self, layer: AnimationExport) -> None:
        layer.advance()
        self.edit.tell(layer.progress)
        if layer.done:
            layer.finish()
            self.over = True
            self.edit.tell("The animation is a layer in the group 'DragGAN'.")
