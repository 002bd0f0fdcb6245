"""The timeline in small pictures, spread over the width; moving over them scrubs; Gtk only."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Callable, List, Optional, Tuple

from gi.repository import Gdk, GdkPixbuf, GLib, Gtk

from .quiet import set_class

_SIDE = 48  # logical pixels of a picture
_GAP = 2
_Thumbnail = Callable[[int], Optional[GdkPixbuf.Pixbuf]]


class FilmStrip:
    """As many of the seen steps as fit, evenly over the timeline, and a mark at the present one.

    `wished(step)` is called for the step under the pointer while it is pressed.
    """

    def __init__(self, thumbnail: _Thumbnail, wished: Callable[[int], None]) -> None:
        self._thumbnail, self._wished = thumbnail, wished
        self._steps: Tuple[int, ...] = ()
        self._last, self._step = 0, 0
        self._enabled = False
        self._width = 0
        self._images: List[Gtk.Image] = []
        self._shown: List[Optional[GdkPixbuf.Pixbuf]] = []
        self._mark = Gtk.Box()
        set_class(self._mark, "draggan-now", True)
        self._mark.set_size_request(4, _SIDE + 6)
        self.widget = Gtk.Layout()  # wants no width of its own, so that the panel can shrink
        self.widget.set_size_request(_SIDE, _SIDE + 6)
        set_class(self.widget, "draggan-strip", True)
        self.widget.put(self._mark, 0, 0)
        self._listen()

    def _listen(self) -> None:
        mask = Gdk.EventMask
        self.widget.add_events(mask.BUTTON_PRESS_MASK | mask.BUTTON1_MOTION_MASK)
        self.widget.connect("button-press-event", self._wish)
        self.widget.connect("motion-notify-event", self._wish)
        self.widget.connect("size-allocate", self._resized)
        self.widget.connect("realize", self._point)

    def show(self, steps: Tuple[int, ...], last: int, step: int, *, enabled: bool) -> None:
        """`steps` are those with a picture, in ascending order."""
        self._steps, self._last, self._step, self._enabled = steps, last, step, enabled
        self._fill()
        self._place_mark()

    def _resized(self, widget: Gtk.Widget, place: Gdk.Rectangle) -> None:
        if place.width != self._width:
            self._width = place.width
            GLib.idle_add(self._arrange)  # children cannot change while they are given their places

    def _arrange(self) -> bool:
        """As many places as the width has room for."""
        for image in self._images:
            image.destroy()
        self._images, self._shown = [], []
        for i in range(self._places()):
            image = Gtk.Image(visible=True)
            left, width = self._place(i)
            image.set_size_request(width, _SIDE)
            self.widget.put(image, left, 3)
            self._images.append(image)
            self._shown.append(None)
        self.widget.remove(self._mark)
        self.widget.put(self._mark, 0, 0)  # over the pictures
        self._fill()
        self._place_mark()
        return False

    def _fill(self) -> None:
        count = len(self._images)
        for i, image in enumerate(self._images if self._steps else ()):
            wanted = self._last * i / (count - 1) if count > 1 else self._last
            picture = self._thumbnail(_nearest(self._steps, wanted))
            if picture is not None and picture is not self._shown[i]:
                self._shown[i] = picture
                self._show(image, picture, self._place(i)[1])

    def _show(self, image: Gtk.Image, picture: Any, width: int) -> None:
        """As an icon: those are scaled to the screen's own pixels."""
        image.set_from_gicon(_cut(picture, width, _SIDE), Gtk.IconSize.BUTTON)
        image.set_pixel_size(max(width, _SIDE))

    def _place_mark(self) -> None:
        x = self._centre(0) + self._span() * self._step / max(self._last, 1)
        self.widget.move(self._mark, round(x) - 2, 0)

    def _places(self) -> int:
        return max(1, (self._width + _GAP) // (_SIDE + _GAP))

    def _place(self, i: int) -> Tuple[int, int]:
        """The left edge and the width of place i."""
        left, right = (round(k * (self._width + _GAP) / self._places()) for k in (i, i + 1))
        return left, max(1, right - left - _GAP)

    def _centre(self, i: int) -> float:
        left, width = self._place(i)
        return left + width / 2

    def _span(self) -> float:
        """From the first place's centre to the last one's."""
        return self._centre(self._places() - 1) - self._centre(0)

    def _point(self, widget: Gtk.Widget) -> None:
        cursor = Gdk.Cursor.new_from_name(widget.get_display(), "pointer")
        widget.get_bin_window().set_cursor(cursor)

    def _wish(self, widget: Gtk.Widget, event: Any) -> bool:
        pressed = event.type == Gdk.EventType.BUTTON_PRESS and event.button == 1
        if self._last and self._enabled and (pressed or event.type == Gdk.EventType.MOTION_NOTIFY):
            way = (event.x - self._centre(0)) / max(self._span(), 1.0)
            self._wished(round(min(max(way, 0.0), 1.0) * self._last))
        return pressed


def _cut(picture: GdkPixbuf.Pixbuf, width: int, height: int) -> GdkPixbuf.Pixbuf:
    """The middle of a picture, in the shape of width : height."""
    whole = picture.get_width(), picture.get_height()
    scale = min(whole[0] / width, whole[1] / height)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    return picture.new_subpixbuf((whole[0] - w) // 2, (whole[1] - h) // 2, w, h)


def _nearest(steps: Tuple[int, ...], wanted: float) -> int:
    i = bisect_left(steps, wanted)
    return min(steps[max(i - 1, 0) : i + 1], key=lambda step: abs(step - wanted))
