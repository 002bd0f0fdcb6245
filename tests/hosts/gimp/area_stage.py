"""A window with the picture area in it, used with real pointer and keyboard events."""

from __future__ import annotations

import subprocess
import time
from itertools import pairwise

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")

from draggan_studio.draggan_wire.crop import Crop  # noqa: E402
from draggan_studio.draggan_wire.workbench.drawing import Drawing  # noqa: E402
from draggan_studio.draggan_wire.workbench.handles import HandleSet  # noqa: E402
from draggan_studio.draggan_wire.workbench.strokes import Strokes  # noqa: E402
from draggan_studio.screen import Screen  # noqa: E402
from draggan_studio.window.picture_area import PictureArea  # noqa: E402
from gi.repository import GLib, Gtk  # noqa: E402

BOX = Crop(0, 0, 400, 300)


class Stage:
    """`heard` is what the area has told, `unused` the keys that it has left to the window."""

    def __init__(self, *, box=BOX, size=(560, 420)):
        self.handles, self.strokes = HandleSet(), Strokes()
        self.heard, self.unused = [], []
        self.area = PictureArea(self.handles, self.strokes, self._hear)
        self.area.show_base(chequered(box.width, box.height), box)
        self.area.widget.set_size_request(*size)
        self.window = Gtk.Window(title="area")
        self.window.set_decorated(False)
        self.window.move(10, 10)  # on even pixels: Gtk tells of a window's place in whole units
        self.window.connect("key-press-event", self._key)
        self.elsewhere = Gtk.Button(label="elsewhere")
        rows = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        rows.pack_start(self.elsewhere, False, False, 0)
        rows.pack_start(self.area.widget, True, True, 0)
        self.window.add(rows)
        self.window.show_all()
        self.area.widget.grab_focus()
        self.wait_for(self.window.is_active)
        self.settle()

    def close(self):
        self.window.destroy()
        self.settle(0.05)

    def _hear(self, sentence):
        """As an edit does: what is shown is what the handles are."""
        self.heard.append(sentence)
        self.area.show_drawing(Drawing(self.handles.lines, self.handles.selected))

    def _key(self, window, event):
        """What the focused widget has no use for, as a dialog would get it."""
        if not window.propagate_key_event(event):
            self.unused.append(event.keyval)
        return True

    # Time.

    def settle(self, seconds=0.1):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            while Gtk.events_pending():
                Gtk.main_iteration()
            time.sleep(0.005)

    def wait_for(self, condition, seconds=5):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            self.settle(0.02)
        assert condition()

    # Using; points are the document's.

    def move(self, point):
        self.do("mousemove", *self.at(point))

    def click(self, point, times=1, button=1):
        clicks = ("click", "--repeat", times, "--delay", 60, button)
        self.do("mousemove", *self.at(point), "sleep", "0.05", *clicks)
        self.settle(0.4)  # another click is not to be the second of a double one

    def drag(self, *way, button=1, shift=False, let_go=True):
        keys = (["keydown", "shift"], ["keyup", "shift"]) if shift else ([], [])
        words = ["mousemove", *self.at(way[0]), "sleep", "0.05", *keys[0], "mousedown", button]
        for start, end in pairwise(way):
            for k in range(1, 7):
                at = [start[i] + (end[i] - start[i]) * k / 6 for i in (0, 1)]
                words += ["mousemove", *self.at(at), "sleep", "0.02"]
        self.do(*words, *(["mouseup", button] if let_go else []), *keys[1])
        self.settle(0.3)

    def scroll(self, point, clicks):
        button = 4 if clicks > 0 else 5
        turned = ("click", "--repeat", abs(clicks), "--delay", 20, button)
        self.do("mousemove", *self.at(point), "sleep", "0.05", *turned)

    def keys(self, *names):
        self.do("key", "--delay", "20", *names)

    def do(self, *words):
        done = []
        command = ["xdotool", *map(str, words)]
        flags = GLib.SpawnFlags.SEARCH_PATH | GLib.SpawnFlags.DO_NOT_REAP_CHILD
        process, *_ = GLib.spawn_async(command, flags=flags)
        GLib.child_watch_add(GLib.PRIORITY_DEFAULT, process, lambda *_: done.append(True))
        self.wait_for(lambda: done, 20)
        self.settle()

    def at(self, point):
        return tuple(max(round(value), 0) for value in self.area.to_root(point))

    # Looking.

    def picture(self, name):
        """The screen as it is, in the folder that this runs in."""
        subprocess.run(["import", "-window", "root", f"{name}.png"], check=True)

    def colours(self, *points):
        """What can be seen at document points, as (red, green, blue)."""
        self.settle(0.2)
        shot = ["import", "-window", "root", "-depth", "8", "rgb:-"]
        pixels = subprocess.run(shot, check=True, stdout=subprocess.PIPE).stdout
        root = self.window.get_screen().get_root_window()
        width = root.get_width() * root.get_scale_factor()
        found = []
        for x, y in map(self.area.to_root, points):
            start = 3 * (int(y) * width + int(x))
            found.append(tuple(pixels[start : start + 3]))
        return found


def chequered(width, height, side=20, colours=((200, 120, 60), (60, 120, 200))):
    """Squares, which begin at (0, 0) with the first colour."""
    pixels = [bytes((b, g, r, 255)) for r, g, b in colours]
    rows = [b"".join(pixels[(x // side + odd) % 2] for x in range(width)) for odd in (0, 1)]
    return Screen(width, height, b"".join(rows[y // side % 2] for y in range(height)))
