"""A hidden document in which layers are built and pixels converted: the user's undo stays clean.

Whatever is done to a node before it stands in its document, Krita still enters into that document's
undo list as steps that undo nothing. Done elsewhere and copied over, a whole group of layers with
masks is one step.
"""

from __future__ import annotations

from typing import Any, Optional, Tuple

from krita import Krita

SIDE = 16  # pixels; what a layer holds may reach beyond its document
IDLE = 400  # looks without use after which the document is closed: making one takes 50 ms

Space = Tuple[str, str, str]  # Krita's names of a colour model, depth and profile


class Workshop:
    """Opens such a document when it is needed, keeps it for the next need, closes it when idle.

    Copies that leave it must have been added to their new document before it is closed: Krita
    crashes otherwise.
    """

    def __init__(self) -> None:
        self._document: Any = None
        self._space: Optional[Space] = None
        self._idle = 0

    def document(self, space: Space) -> Any:
        """A document of that colour space which nobody sees."""
        if self._space != space:
            self.close()
            self._document = Krita.instance().createDocument(SIDE, SIDE, "DragGAN", *space, 72.0)
            self._document.setBatchmode(True)
            self._space = space
        self._idle = 0
        return self._document

    def settle(self) -> None:
        """To be called now and then."""
        self._idle += 1
        if self._document is not None and self._idle > IDLE:
            self.close()

    def close(self) -> None:
        document, self._document, self._space = self._document, None, None
        if document is not None:
            document.waitForDone()
            document.setModified(False)
            document.close()


def space_of(thing: Any) -> Space:
    """The colour space of a document or a node."""
    return thing.colorModel(), thing.colorDepth(), thing.colorProfile()
