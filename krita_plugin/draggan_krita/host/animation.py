"""The timeline as an animated layer, built frame by frame between other events.

Krita's own import of files crashes now and then; frames are made by its action on the active layer,
which takes effect some time after it was asked for.
"""

from __future__ import annotations

from typing import Any, List, Optional, Sequence

from krita import Krita

from ..draggan_wire.crop import Crop
from ..draggan_wire.errors import BadInput
from ..draggan_wire.messages import Image
from . import layers
from .pixels import write_node

PATIENCE = 100  # calls of `advance` for one frame to appear


class AnimationExport:
    """Adds `frames` as the keys 0, 1, ... of one layer; call `advance` from a timer until `done`."""

    def __init__(
        self, document: Any, frames: Sequence[Image], crop: Crop, *, group: str, above: str
    ) -> None:
        self._document, self._crop = document, crop
        self._frames = list(frames)
        self._active, self._time = layers.active_id(document), document.currentTime()
        added = layers.add_layer(
            document, "DragGAN animation", frames[0], crop, group=group, above=above
        )
        self.group = added.group
        self._uid = added.layer
        self._next, self._waited, self._asked = 1, 0, False
        self._layer().enableAnimation()

    @property
    def done(self) -> bool:
        return self._next >= len(self._frames)

    @property
    def progress(self) -> str:
        return f"Making the animation: {self._next} of {len(self._frames)} frames."

    def advance(self) -> None:
        """One small step. Raises BadInput when the user's work makes going on impossible."""
        if self._elsewhere():
            return  # the action would reach another document: wait until the user is back
        layer, document = self._layer(), self._document
        if not self._asked:
            document.setActiveNode(layer)
            document.setCurrentTime(self._next)
            document.waitForDone()
            Krita.instance().action("add_blank_frame").trigger()
            self._asked, self._waited = True, 0
        elif layer.hasKeyframeAtTime(self._next):
            self._fill(layer)
        else:
            self._wait()

    def finish(self) -> None:
        """Leaves the document as it was, with the whole animation in its range."""
        document = self._document
        last = len(self._frames) - 1
        if document.fullClipRangeEndTime() < last:
            document.setFullClipRangeEndTime(last)
        document.setCurrentTime(self._time)
        layers.activate(document, self._active)
        document.refreshProjection()

    def _fill(self, layer: Any) -> None:
        write_node(layer, self._frames[self._next], self._crop)
        self._document.refreshProjection()
        self._next, self._asked = self._next + 1, False

    def _wait(self) -> None:
        self._waited += 1
        if self._waited > PATIENCE:
            raise BadInput(
                f"Krita added no frame {self._next}, so the animation ends there.",
                hint="Show the document's window and export again.",
            )

    def _elsewhere(self) -> bool:
        active: Optional[Any] = Krita.instance().activeDocument()
        return active is None or active != self._document

    def _layer(self) -> Any:
        layer = layers.find(self._document, self._uid)
        if layer is None:
            raise BadInput("The animated layer was removed.", hint="Export again.")
        return layer


def thinned(steps: int, most: int) -> List[int]:
    """At most `most` of the steps 0 to `steps`, evenly, with the first and the last."""
    if steps < most:
        return list(range(steps + 1))
    return [round(k * steps / (most - 1)) for k in range(most)]
