"""A hidden document in which layers are built and converted, so that the user's undo stays clean.

Whatever is done to a node before it stands in its document, Krita still enters into that document's
undo list as steps that undo nothing. Done elsewhere and copied over, a whole group of layers with
masks is one step.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

from krita import Krita

SIDE = 16  # pixels; what a layer holds may reach beyond its document


@contextmanager
def scratch_document(model: str, depth: str, profile: str) -> Iterator[Any]:
    """A document of that colour space which nobody sees, closed at the end.

    Copies that leave it must have been added to their new document before: Krita crashes otherwise.
    """
    document = Krita.instance().createDocument(SIDE, SIDE, "DragGAN", model, depth, profile, 72.0)
    document.setBatchmode(True)
    try:
        yield document
    finally:
        document.waitForDone()
        document.setModified(False)
        document.close()
