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
from .scratch import Workshop

NAME = "DragGAN animation"
PATIENCE = 100  # calls of `advance` for one frame to appear
SETTLING = 10  # of them for Krita's dockers to take notice of the layer


class AnimationExport:
    """Adds `frames` as the keys 0, 1, ... of a layer; call `advance` from a timer until `done`.

    Where it `clears`, nothing of what is below shows beside what has moved.
    """

    def __init__(
        self,
        document: Any,
        frames: Sequence[Image],
        crop: Crop,
        workshop: Workshop,
        *,
        group: str,
        above: str,
        clears: bool = False,
    ) -> None:
        self._document, self._crop = document, crop
        self._frames = list(frames)
        new = layers.NewLayer(NAME, frames[0], crop, masked=False, clears=clears)
        added = layers.add_layer(document, new, workshop, group=group, above=above)
        self._active, self.group = added.active, added.group
        self._uid = layers.id_of(layers.pixels_of(layers.find(document, added.layer)))
        self._next, self._waited, self._asked = 0, 0, False

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
        layer = self._layer()
        if not self._asked:
            self._asked, self._waited = True, 0
            self._ask(layer)
        elif self._next == 0:
            self._enable(layer)
        elif layer.hasKeyframeAtTime(self._next):
            self._fill(layer)
        else:
            self._wait()

    def _ask(self, layer: Any) -> None:
        """For the next frame; for the first one, that Krita turns to the layer."""
        self._document.setActiveNode(layer)
        if self._next:
            self._document.setCurrentTime(self._next)
            self._document.waitForDone()
            Krita.instance().action("add_blank_frame").trigger()

    def _enable(self, layer: Any) -> None:
        """Krita's own dockers fail when a layer that they do not know yet becomes animated."""
        self._waited += 1
        if layers.active_id(self._document) != self._uid:  # Krita has turned to the group
            self._document.setActiveNode(layer)
        elif self._waited > SETTLING:
            layer.enableAnimation()
            self._next, self._asked = 1, False
            return
        if self._waited > PATIENCE:
            self._wait()

    def finish(self) -> None:
        """Shows the last frame, which is what the document showed before, with all in its range."""
        document = self._document
        last = len(self._frames) - 1
        if document.fullClipRangeEndTime() < last:
            document.setFullClipRangeEndTime(last)
        document.setCurrentTime(last)
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
