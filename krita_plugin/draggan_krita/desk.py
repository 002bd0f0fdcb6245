"""What lies over the active canvas: the overlay that draws and the input that takes the pointer.

No Krita but through `host.view`. It moves along when the user turns to another document or view.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, Optional, Tuple

from .canvas_input import CanvasInput
from .draggan_wire.crop import Crop
from .draggan_wire.messages import Image
from .draggan_wire.workbench.drawing import Drawing
from .draggan_wire.workbench.gestures import Placing
from .draggan_wire.workbench.handles import HandleSet
from .host.document import KritaDocument
from .host.view import KritaSurface, active_window_of_views
from .overlay import Overlay
from .pictures import to_qimage
from .qt import QtGui, is_deleted

Area = Tuple[float, float, float, float]


class Desk:
    """One for the plugin. `changed(sentence)` is called when the pointer has changed the handles,
    with a sentence where it could not do what was asked for."""

    def __init__(self, changed: Callable[[str], None]) -> None:
        self.placing = False
        self._changed = changed
        self._key = ""
        self._handles: Optional[HandleSet] = None
        self._place_of: object = None  # the sub-window whose canvas this is
        self._overlay: Optional[Overlay] = None
        self._input: Optional[CanvasInput] = None
        self._pictures: Dict[str, Tuple[QtGui.QImage, Area]] = {}
        self._drawing = Drawing()

    @property
    def showing(self) -> bool:
        """Whether anything is drawn, so that it must follow the canvas."""
        return self._drawing != Drawing() or self._key in self._pictures

    def turn_to(self, handles: Optional[HandleSet], document: Optional[KritaDocument]) -> None:
        """Follows the user to the active document's canvas; None: there is none."""
        if handles is None or document is None:
            self._leave()
            return
        place = active_window_of_views()
        here = place is self._place_of and handles is self._handles
        if here and self._overlay is not None and self._overlay.follow():
            return
        self._leave()
        self._settle(handles, document, place)

    def place(self, on: bool) -> None:
        """Whether a press on the canvas places handles."""
        self.placing = on
        if self._input is not None:
            self._input.on = on

    def paint(self, key: str, image: Optional[Image], crop: Optional[Crop]) -> None:
        """A picture over that document's canvas; None takes it away."""
        if image is None or crop is None:
            self._pictures.pop(key, None)
        else:
            area = (float(crop.left), float(crop.top), float(crop.width), float(crop.height))
            self._pictures[key] = to_qimage(image), area
        if key == self._key:
            self._show_picture()

    def draw(self, drawing: Drawing) -> None:
        """What the overlay shows of the current document's edit."""
        hovered = self._input.hovered if self._input is not None and self.placing else None
        self._drawing = replace(drawing, hovered=hovered)
        if self._overlay is not None:
            self._overlay.show_drawing(self._drawing)

    def forget(self, key: str) -> None:
        """A document is closed."""
        self._pictures.pop(key, None)

    def _settle(self, handles: HandleSet, document: KritaDocument, place: object) -> None:
        surface = KritaSurface.active()
        if surface is None or surface.widget() is None:
            return
        self._place_of, self._handles, self._key = place, handles, document.key
        self._overlay = Overlay(surface)
        placing = Placing(handles, lambda: document.size, self._changed)
        self._input = CanvasInput(surface, placing, lambda: self._changed(""))
        self._input.on = self.placing
        self._input.install()
        self._overlay.show_drawing(self._drawing)
        self._show_picture()

    def _leave(self) -> None:
        if self._input is not None:
            self._input.remove()
        if self._overlay is not None and not is_deleted(self._overlay):
            self._overlay.hide()
            self._overlay.deleteLater()
        self._overlay = self._input = self._handles = self._place_of = None
        self._key = ""

    def _show_picture(self) -> None:
        if self._overlay is None:
            return
        picture, area = self._pictures.get(self._key, (None, (0.0, 0.0, 0.0, 0.0)))
        self._overlay.show_picture(picture, area)
