"""The filter's dialog: the picture at the left, the panel at the right, OK and Cancel; Gtk.

The procedure calls `ask`. GIMP's own window stays usable meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Tuple

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")

from gi.repository import Gdk, GdkPixbuf, Gimp, GimpUi, GLib, Gtk  # noqa: E402

from ..canvas import GimpCanvas  # noqa: E402
from ..draggan_wire.messages import Image  # noqa: E402
from ..draggan_wire.workbench.diagnostics import Facts  # noqa: E402
from ..draggan_wire.workbench.settings import Settings  # noqa: E402
from ..draggan_wire.workbench.strokes import Strokes  # noqa: E402
from ..handle_text import format_handles  # noqa: E402
from ..host.document import GimpDocument, warm_up  # noqa: E402
from ..host.jpeg import jpeg_decoder  # noqa: E402
from ..studio import GimpStudio  # noqa: E402
from .brush import rasterise  # noqa: E402
from .panel import Panel  # noqa: E402
from .picture_area import PictureArea  # noqa: E402
from .quiet import set_text  # noqa: E402
from .showing import Showing  # noqa: E402
from .watching import Watcher  # noqa: E402

SIZE = (1080, 830)  # logical pixels, where the screen has them
MARGIN = 80  # of the screen that is left free
THUMBNAIL, MINIATURE = 72, 88  # logical pixels
ROLE = "draggan"


@dataclass(frozen=True)
class Outcome:
    """What OK has brought: the layer, and what to remember for the next time."""

    layer: Gimp.Layer
    settings: Settings
    handles: str


def ask(
    document: GimpDocument, settings: Settings, *, version: str, folder: Path
) -> Optional[Outcome]:
    """Shows the dialog until it is closed; None where the user has cancelled."""
    GimpUi.init(ROLE)
    # Else Tab leaves each sentence that it comes by highlighted.
    Gtk.Settings.get_default().set_property("gtk-label-select-on-focus", False)
    dialog = Dialog(document, settings, version=version, folder=folder)
    try:
        return dialog.run()
    finally:
        dialog.close()


class Dialog:
    """One opening of the filter."""

    def __init__(
        self, document: GimpDocument, settings: Settings, *, version: str, folder: Path
    ) -> None:
        self._document = document
        self._outcome: Optional[Outcome] = None
        self._timer = 0
        strokes = Strokes()
        self._canvas = GimpCanvas(document, self._show, strokes=strokes, rasterise=rasterise)
        self.studio = GimpStudio(
            document,
            self._canvas,
            strokes,
            settings,
            facts=_facts(version),
            locale=GLib.get_language_names()[0],
            thumbnail=lambda image: self._small(image, THUMBNAIL),
            miniature=lambda image: self._small(image, MINIATURE),
            plugin_folder=folder,
            jpeg=jpeg_decoder(),
        )
        self._area = PictureArea(self.studio.handles, strokes, self._placed)
        self._showing = Showing(document, self._area, self.studio.refuse)
        tr = self.studio.words.tr
        self._buttons = (tr("_Cancel"), tr("_OK"))
        self._panel = Panel(self.studio, self.studio.words, beside=self._buttons)
        self.window = self._make_window()
        self._watcher = Watcher(self.window, self._area, self.studio)
        self.studio.on_change(self._follow)

    def run(self) -> Optional[Outcome]:
        """Until OK has done its work, or the user leaves."""
        self.window.show_all()
        self._area.widget.grab_focus()
        self._follow()
        GLib.idle_add(self._warm_up)
        self._timer = GLib.timeout_add(30, self._tick)
        Gtk.main()
        return self._outcome

    def close(self) -> None:
        """Nothing of the dialog is left, on the screen and at the daemon."""
        if self._timer:
            GLib.source_remove(self._timer)
        self._showing.end()
        self.studio.close()
        self._watcher.closed()
        self.window.destroy()

    # Its parts.

    def _make_window(self) -> Gtk.Widget:
        window = GimpUi.Dialog(title=f"DragGAN: {self._document.name}", role=ROLE)
        tr = self.studio.words.tr
        window.add_button(self._buttons[0], Gtk.ResponseType.CANCEL)
        self._ok = window.add_button(self._buttons[1], Gtk.ResponseType.OK)
        self._ok.set_tooltip_text(tr("Adds the result as layers, as one step of undo."))
        window.set_default_size(*_fitting())
        window.get_content_area().pack_start(self._make_contents(), True, True, 0)
        GimpUi.window_set_transient(window)  # else GIMP's own window hides it at a click
        window.connect("response", self._respond)
        window.connect("focus-in-event", self._look_again)
        window.connect("key-press-event", self._key)
        return window

    def _make_contents(self) -> Gtk.Widget:
        left = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=4)
        left.pack_start(self._area.widget, True, True, 0)
        left.pack_start(self._make_zooming(), False, False, 0)
        panes = Gtk.Paned(orientation=Gtk.Orientation.HORIZONTAL)
        panes.pack1(left, True, False)
        panes.pack2(self._panel.widget, False, False)
        panes.set_focus_chain([left, self._panel.widget])  # else Tab leaves out the panel at first
        panes.set_position(_fitting()[0] - 330)
        panes.set_border_width(6)
        return panes

    def _make_zooming(self) -> Gtk.Widget:
        tr = self.studio.words.tr
        row = Gtk.Box(spacing=2)
        buttons = (
            ("zoom-out-symbolic", tr("Zoom out"), lambda: self._area.zoom_by(1 / 1.5)),
            ("zoom-in-symbolic", tr("Zoom in"), lambda: self._area.zoom_by(1.5)),
            ("zoom-original-symbolic", tr("Actual size"), self._area.actual_size),
            ("zoom-fit-best-symbolic", tr("Fit the window"), self._area.fit),
        )
        for icon, words, action in buttons:
            button = Gtk.Button.new_from_icon_name(icon, Gtk.IconSize.BUTTON)
            button.set_tooltip_text(words)
            button.get_accessible().set_name(words)
            button.set_relief(Gtk.ReliefStyle.NONE)
            button.set_focus_on_click(False)
            button.connect("clicked", lambda _button, do=action: do())
            row.pack_start(button, False, False, 0)
        self._percent = Gtk.Label(margin_start=6)
        row.pack_start(self._percent, False, False, 0)
        return row

    # What happens.

    def _tick(self) -> bool:
        wait = self.studio.tick()
        set_text(self._percent, f"{self._area.percent:.0f} %")
        if self.studio.result is not None:
            self._accept()
        else:
            self._timer = GLib.timeout_add(wait, self._tick)
        return False

    def _accept(self) -> None:
        self._timer = 0
        text = format_handles(self.studio.dragged)
        self._outcome = Outcome(self.studio.result, self.studio.settings, text)
        Gtk.main_quit()

    def _respond(self, window: Gtk.Widget, response: int) -> None:
        if response == Gtk.ResponseType.OK:
            self._panel.commit()
            self.studio.finish()
        else:
            Gtk.main_quit()

    def _placed(self, sentence: str) -> None:
        """The pointer or a key has done something in the picture."""
        self.studio.tool, self.studio.brush = self._area.tool, self._area.brush
        self.studio.say(sentence)

    def _key(self, window: Gtk.Widget, event: Any) -> bool:
        """Escape ends a drag; it never ends a dialog that holds work."""
        if event.keyval != Gdk.KEY_Escape:
            return False
        if self.studio.busy:
            self.studio.drag_or_stop()
            return True
        return window.propagate_key_event(event) or self._anything_to_lose

    @property
    def _anything_to_lose(self) -> bool:
        placed = bool(self.studio.edit.handles) or self.studio.painted
        return self._canvas.anything or placed

    def _look_again(self, window: Gtk.Widget, event: Any) -> bool:
        self._showing.look_again(self.studio, self._canvas)
        return False

    def _warm_up(self) -> bool:
        warm_up()
        return False

    def _show(self, image: Optional[Image], crop: Any) -> None:
        self._showing.show(image, crop)

    def _small(self, image: Image, longest: int) -> Any:
        small = self._document.small(image, longest)
        rows, rgb = GLib.Bytes.new(small.data), GdkPixbuf.Colorspace.RGB
        return GdkPixbuf.Pixbuf.new_from_bytes(
            rows, rgb, True, 8, small.width, small.height, 4 * small.width
        )

    def _follow(self) -> None:
        self._panel.follow()
        self._showing.follow(self.studio, self._canvas)
        possible = self._canvas.anything or self.studio.busy or bool(self.studio.edit.handles)
        self._ok.set_sensitive(possible and not self.studio.ending)
        self._watcher.follow()


def _fitting() -> Tuple[int, int]:
    """The dialog's size on this screen."""
    display = Gdk.Display.get_default()
    monitor = display.get_primary_monitor() or display.get_monitor(0)
    area = monitor.get_workarea()
    return min(SIZE[0], area.width - MARGIN), min(SIZE[1], area.height - MARGIN)


def _facts(version: str) -> Facts:
    toolkit = f"GTK {Gtk.get_major_version()}.{Gtk.get_minor_version()}.{Gtk.get_micro_version()}"
    return Facts(plugin=version, host=f"GIMP {Gimp.version()}", toolkit=toolkit)
