"""Turns the pointer's events over the picture area into gestures; imports Gtk and Gdk."""

from __future__ import annotations

from typing import Any, Callable, Optional, Tuple

from gi.repository import Gdk, Gtk

from ..draggan_wire.messages import Point
from .gestures import Gestures
from .view import Viewport

NOTCH = 2 ** (1 / 3)  # how much larger a notch of the wheel makes the picture
_LEFT, _MIDDLE = 1, 2

_EVENTS = (
    Gdk.EventMask.BUTTON_PRESS_MASK
    | Gdk.EventMask.BUTTON_RELEASE_MASK
    | Gdk.EventMask.POINTER_MOTION_MASK
    | Gdk.EventMask.LEAVE_NOTIFY_MASK
    | Gdk.EventMask.SCROLL_MASK
    | Gdk.EventMask.SMOOTH_SCROLL_MASK
    | Gdk.EventMask.TOUCHPAD_GESTURE_MASK
)


class Pointer:
    """Hears the widget; `seen` is called when the view or what lies under the pointer changed.

    The left button is the tool's; the middle one, or the left one with Space, pans; the wheel, two
    fingers and a pinch zoom at the pointer.
    """

    def __init__(
        self,
        widget: Gtk.Widget,
        viewport: Viewport,
        gestures: Gestures,
        seen: Callable[[], None],
    ) -> None:
        self.at: Optional[Point] = None  # in the widget; None when it is elsewhere
        self._widget, self._viewport, self._gestures, self._seen = widget, viewport, gestures, seen
        self._panning: Optional[Tuple[int, Point]] = None  # the button, and where it was last
        self._space = False
        self._pinched = 1.0
        self._listen()

    @property
    def panning(self) -> bool:
        """Whether a press pans, or would."""
        return self._space or self._panning is not None

    def hold_space(self, held: bool) -> None:
        self._space = held
        self._seen()

    def interrupt(self) -> None:
        """Nothing more will be heard for a while: whatever was held is let go."""
        self._space, self._panning = False, None
        self._gestures.cancel()
        self._seen()

    def _listen(self) -> None:
        widget = self._widget
        widget.add_events(_EVENTS)
        widget.connect("button-press-event", self._pressed)
        widget.connect("button-release-event", self._released)
        widget.connect("motion-notify-event", self._moved)
        widget.connect("leave-notify-event", self._left)
        widget.connect("scroll-event", self._scrolled)
        widget.connect("grab-broken-event", self._broken)
        self._pinch = Gtk.GestureZoom.new(widget)
        self._pinch.connect("begin", self._pinch_began)
        self._pinch.connect("scale-changed", self._pinch_went_on)

    def _pressed(self, _: Gtk.Widget, event: Any) -> bool:
        self._widget.grab_focus()
        self.at = event.x, event.y
        if event.type == Gdk.EventType.DOUBLE_BUTTON_PRESS:
            if event.button == _LEFT and not self.panning and self._gestures.double_press(self.at):
                self._viewport.fit()
        elif event.type == Gdk.EventType.BUTTON_PRESS:
            self._begin(event)
        self._seen()
        return True

    def _begin(self, event: Any) -> None:
        if self._panning is not None or self._gestures.active:
            return
        at = event.x, event.y
        if event.button == _MIDDLE or (event.button == _LEFT and self._space):
            self._panning = event.button, at
        elif event.button == _LEFT:
            whole = bool(event.state & Gdk.ModifierType.SHIFT_MASK)
            self._gestures.press(at, whole=whole)

    def _moved(self, _: Gtk.Widget, event: Any) -> bool:
        self.at = event.x, event.y
        if self._panning is not None:
            button, (x, y) = self._panning
            self._viewport.pan(event.x - x, event.y - y)
            self._panning = button, self.at
        else:
            self._gestures.move(self.at)
        self._seen()
        return True

    def _released(self, _: Gtk.Widget, event: Any) -> bool:
        if self._panning is not None and event.button == self._panning[0]:
            self._panning = None
        elif event.button == _LEFT:
            self._gestures.release((event.x, event.y))
        self._seen()
        return True

    def _left(self, _: Gtk.Widget, event: Any) -> bool:
        if self._panning is None and not self._gestures.active:
            self.at = None
            self._seen()
        return False

    def _broken(self, _: Gtk.Widget, event: Any) -> bool:
        self.interrupt()
        return False

    def _scrolled(self, _: Gtk.Widget, event: Any) -> bool:
        smooth, _right, down = event.get_scroll_deltas()
        if not smooth:
            turned = {Gdk.ScrollDirection.UP: -1.0, Gdk.ScrollDirection.DOWN: 1.0}
            down = turned.get(event.direction, 0.0)
        if down:
            self._viewport.zoom_by(NOTCH**-down, (event.x, event.y))
            self._seen()
        return True

    def _pinch_began(self, gesture: Gtk.GestureZoom, _: Any) -> None:
        self._pinched = 1.0
        self._gestures.cancel()

    def _pinch_went_on(self, gesture: Gtk.GestureZoom, scale: float) -> None:
        known, x, y = gesture.get_bounding_box_center()
        if known and scale > 0:
            self._viewport.zoom_by(scale / self._pinched, (x, y))
            self._pinched = scale
            self._seen()
