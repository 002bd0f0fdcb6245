"""The zoomable picture on which handles are placed and strokes painted; imports Gtk and Gdk.

Keys, while it has the focus: + and - zoom, 1 shows pixels in their own size, 0 and F fit; H, B and
E choose the tool, [ and ] the brush's size; Delete removes the selected handle, the arrows nudge
it; Ctrl+Z and Ctrl+Shift+Z undo and redo; Escape ends a gesture, else selects nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, Optional, Tuple

from gi.repository import Gdk, GLib, Gtk

from ..draggan_wire.crop import Crop
from ..draggan_wire.messages import Point
from ..draggan_wire.workbench.drawing import Drawing
from ..draggan_wire.workbench.handles import HandleSet
from ..draggan_wire.workbench.strokes import Strokes
from ..screen import Screen
from . import keys
from .cairo import Context
from .draw_signal import DrawSignal
from .gestures import TOOLS, Gestures
from .history import History
from .marks import bounds
from .pointer import NOTCH, Pointer
from .scene import Scene
from .view import Rectangle, Viewport

LEAST_SIZE = 320, 240  # logical pixels
BRUSH_STEP = 1.2
LEAST_BRUSH, LARGEST_BRUSH = 1.0, 4096.0  # document pixels
SHOWN_BRUSH = 2.0  # logical pixels: a smaller circle says less than a cross


class PictureArea:
    """`changed(sentence)` hears of every change by pointer or key: of handles, strokes, the tool,
    the brush. The sentence says why something was refused, or "".

    Raises WireError where cairo cannot be loaded.
    """

    def __init__(
        self, handles: HandleSet, strokes: Strokes, changed: Callable[[str], None]
    ) -> None:
        self._handles, self._strokes, self._changed = handles, strokes, changed
        self._viewport = Viewport()
        self._scene = Scene(strokes)
        self._history = History(handles, strokes)
        self._gestures = Gestures(handles, strokes, self._history, self._viewport, self._tell)
        self.widget = _new_widget()
        self._pointer = Pointer(self.widget, self._viewport, self._gestures, self._look_anew)
        self._cursor = ""
        self._view = self._viewport.view
        self._drawing_signal = DrawSignal(self.widget, self._draw, self._failed)
        self._listen()

    # What is shown.

    def show_base(self, screen: Optional[Screen], box: Crop) -> None:
        """The source, which covers `box` of the document; it may have fewer pixels."""
        self._scene.show_base(screen, box)
        self._viewport.show(box)
        self._gestures.box = box
        self.widget.queue_draw()

    def show_step(self, screen: Optional[Screen], crop: Crop) -> None:
        """A step over the source; None takes it away."""
        self._scene.show_step(screen, crop)
        self.widget.queue_draw()

    def show_drawing(self, drawing: Drawing) -> None:
        before, now = self._scene.drawing, replace(drawing, hovered=self._scene.drawing.hovered)
        if now != before:
            self._scene.drawing = now
            self._renew(before)
        if self._scene.stale:
            self.widget.queue_draw()

    def show_selection(self, mask: Optional[bytes], crop: Crop) -> None:
        """Dims what may not move: gray8 of the crop's size, 255 where it may; None: all may."""
        self._scene.show_selection(mask, crop)
        self.widget.queue_draw()

    # Tools.

    @property
    def tool(self) -> str:
        """One of "handles", "paint" and "erase"."""
        return self._gestures.tool

    @tool.setter
    def tool(self, tool: str) -> None:
        if tool not in TOOLS:
            raise ValueError(f"no tool {tool!r}")
        if tool != self._gestures.tool:
            self._gestures.cancel()
            self._gestures.tool = tool
            self._veil()

    @property
    def brush(self) -> float:
        """The brush's radius in document pixels."""
        return self._gestures.brush

    @brush.setter
    def brush(self, radius: float) -> None:
        self._gestures.brush = min(max(radius, LEAST_BRUSH), LARGEST_BRUSH)
        self._look_anew()

    @property
    def busy(self) -> bool:
        """While it is, nothing can be placed or painted."""
        return self._gestures.off

    @busy.setter
    def busy(self, busy: bool) -> None:
        if busy != self._gestures.off:
            self._gestures.cancel()
            self._gestures.off = busy
            self._veil()

    # The view.

    @property
    def percent(self) -> float:
        """100 where a pixel of the document is one of the screen."""
        return self._viewport.percent

    def fit(self) -> None:
        self._viewport.fit()
        self._look_anew()

    def actual_size(self) -> None:
        self._viewport.actual_size()
        self._look_anew()

    def zoom_by(self, factor: float) -> None:
        self._viewport.zoom_in_the_middle(factor)
        self._look_anew()

    def to_root(self, point: Point) -> Tuple[float, float]:
        """Where a document point is on the screen, in the screen's own pixels."""
        _, left, top = self.widget.get_window().get_origin()
        x, y = self._viewport.view.to_widget(point)
        scale = self.widget.get_scale_factor()
        return (left + x) * scale, (top + y) * scale

    # History.

    def undo(self) -> None:
        """Takes the last change of handles or strokes back."""
        self._step(self._history.undo)

    def redo(self) -> None:
        self._step(self._history.redo)

    def _step(self, go: Callable[[], bool]) -> None:
        if not self.busy and not self._gestures.active and go():
            self._tell("")

    # Inner.

    def _listen(self) -> None:
        self.widget.connect("size-allocate", self._resized)
        self.widget.connect("notify::scale-factor", self._rescaled)
        self.widget.connect("key-press-event", self._key_pressed)
        self.widget.connect("key-release-event", self._key_released)
        self.widget.connect("focus-in-event", self._focused)
        self.widget.connect("focus-out-event", self._unfocused)
        self.widget.connect("realize", lambda _: self._show_cursor())

    def _draw(self, context: Context) -> None:
        width, height = self.widget.get_allocated_width(), self.widget.get_allocated_height()
        view, scale = self._viewport.view, self.widget.get_scale_factor()
        self._scene.paint(context, view, width, height, scale)

    def _failed(self, error: Exception) -> None:
        sentence = getattr(error, "sentence", "") or "The picture cannot be drawn."
        GLib.idle_add(lambda: self._changed(sentence))

    def _resized(self, _: Gtk.Widget, allocation: Any) -> None:
        scale = self.widget.get_scale_factor()
        self._viewport.resize(allocation.width, allocation.height, scale)
        self._look_anew()

    def _rescaled(self, _: Gtk.Widget, _what: Any) -> None:
        self._resized(self.widget, self.widget.get_allocation())

    def _tell(self, sentence: str) -> None:
        """Something may have changed: what can be seen follows at once, whoever hears of it."""
        lines, drawing = self._handles.lines, self._scene.drawing
        if lines != drawing.lines:
            drawing = replace(drawing, lines=lines, points=(), trails=(), statuses=())
        self.show_drawing(replace(drawing, selected=self._handles.selected))
        self._look_anew()
        self._changed(sentence)

    def _look_anew(self) -> None:
        """Adopts a new view, what the pointer is over, and the brush."""
        before = self._scene.drawing
        hovered = self._gestures.hovered(self._pointer.at)
        if hovered != before.hovered:
            self._scene.drawing = replace(before, hovered=hovered)
            self._renew(before)
        self._follow_brush()
        self._show_cursor()
        if self._view != self._viewport.view or self._scene.stale:
            self._view = self._viewport.view
            self.widget.queue_draw()

    def _veil(self) -> None:
        """What is painted lies under a veil while it is being painted."""
        veiled = self.tool != "handles" and not self.busy
        if veiled != self._scene.veiled:
            self._scene.veiled = veiled
            self.widget.queue_draw()
        self._look_anew()

    def _follow_brush(self) -> None:
        old, at = self._scene.brush, self._pointer.at
        radius = self.brush * self._viewport.view.zoom
        shown = self.tool != "handles" and at is not None and radius >= SHOWN_BRUSH
        new = (at, radius) if shown and at and not self._pointer.panning and not self.busy else None
        if new != old:
            self._scene.brush = new
            for brush in filter(None, (old, new)):
                (x, y), radius = brush
                self._redraw((x - radius, y - radius, 2 * radius, 2 * radius))

    def _renew(self, before: Drawing) -> None:
        for drawing in (before, self._scene.drawing):
            box = bounds(self._viewport.view, drawing)
            if box is not None:
                self._redraw(box)

    def _redraw(self, box: Rectangle) -> None:
        left, top = int(box[0]) - 2, int(box[1]) - 2
        self.widget.queue_draw_area(left, top, int(box[2]) + 6, int(box[3]) + 6)

    def _show_cursor(self) -> None:
        name = self._cursor_name()
        window = self.widget.get_window()
        if window is not None and name != self._cursor:
            self._cursor = name
            window.set_cursor(Gdk.Cursor.new_from_name(self.widget.get_display(), name))

    def _cursor_name(self) -> str:
        if self._pointer.panning:
            return "grab"
        if self.busy:
            return "default"
        if self._scene.drawing.hovered is not None:
            return "pointer"
        return "none" if self._scene.brush is not None else "crosshair"

    def _focused(self, _: Gtk.Widget, _event: Any) -> bool:
        found, colour = self.widget.get_style_context().lookup_color("theme_selected_bg_color")
        parts = (colour.red, colour.green, colour.blue) if found else (0.2, 0.5, 0.9)
        self._scene.focus = "#" + "".join(f"{round(part * 255):02x}" for part in parts)
        self.widget.queue_draw()
        return False

    def _unfocused(self, _: Gtk.Widget, _event: Any) -> bool:
        self._scene.focus = ""
        self._pointer.interrupt()
        self.widget.queue_draw()
        return False

    # Keys.

    def _key_pressed(self, _: Gtk.Widget, event: Any) -> bool:
        """True for what the dialog is not to see."""
        name = Gdk.keyval_name(event.keyval) or ""
        state = event.state & Gtk.accelerator_get_default_mod_mask()
        control, shift = Gdk.ModifierType.CONTROL_MASK, Gdk.ModifierType.SHIFT_MASK
        if state & ~(control | shift):
            return False
        if name == "space":
            self._pointer.hold_space(True)
            return True
        action = keys.action_of(name, control=bool(state & control), shift=bool(state & shift))
        return action is not None and self._do(action, far=bool(state & shift))

    def _key_released(self, _: Gtk.Widget, event: Any) -> bool:
        if event.keyval == Gdk.KEY_space:
            self._pointer.hold_space(False)
            return True
        return False

    def _do(self, action: str, *, far: bool) -> bool:
        if action == "escape":
            return self._escape()
        if action in keys.NUDGES:
            right, down = keys.NUDGES[action]
            steps = keys.FAR if far else 1
            return self._gestures.nudge(right * steps, down * steps)
        if action in keys.TOOLS:
            self.tool = keys.TOOLS[action]
        elif action.endswith("brush"):
            self.brush = self.brush * (BRUSH_STEP if action == "larger brush" else 1 / BRUSH_STEP)
        else:
            self._actions()[action]()
            return True
        self._changed("")
        return True

    def _actions(self) -> Dict[str, Callable[[], object]]:
        return {
            "delete": self._gestures.remove_selected,
            "zoom in": lambda: self.zoom_by(NOTCH),
            "zoom out": lambda: self.zoom_by(1 / NOTCH),
            "actual size": self.actual_size,
            "fit": self.fit,
            "undo": self.undo,
            "redo": self.redo,
        }

    def _escape(self) -> bool:
        """Only what there was to end or to unselect is kept from the dialog."""
        if self._gestures.cancel():
            return True
        if self._handles.selected is None:
            return False
        self._handles.select(None)
        self._tell("")
        return True


def _new_widget() -> Gtk.DrawingArea:
    widget = Gtk.DrawingArea()
    widget.set_size_request(*LEAST_SIZE)
    widget.set_hexpand(True)
    widget.set_vexpand(True)
    widget.set_can_focus(True)
    widget.get_accessible().set_name("Picture")
    return widget
