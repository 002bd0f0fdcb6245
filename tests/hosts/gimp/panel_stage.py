"""A window with the panel in it, found by its words and used with real events."""

from __future__ import annotations

import contextlib
import subprocess
import time
import traceback

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")

from draggan_studio.window.panel import Panel  # noqa: E402
from fake_studio import FakeStudio  # noqa: E402
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

__all__ = ["Gdk", "Gtk", "Stage", "run_tests", "staged", "words_of"]
USED = (Gtk.Button, Gtk.ComboBox, Gtk.Entry, Gtk.Scale)


class Stage:
    """One window with the panel of a studio; `close` it."""

    def __init__(self, studio, *, width=320, height=900):
        self.studio = studio
        self.panel = Panel(studio, studio.words, beside=("_OK", "_Cancel", "_Help"))
        studio.on_change(self.panel.follow)
        self.window = Gtk.Window(title="panel")
        self.elsewhere = Gtk.Button(label="elsewhere")
        box = Gtk.Box()
        box.pack_start(self.elsewhere, False, False, 0)
        box.pack_start(self.panel.widget, True, True, 0)
        self.window.add(box)
        self.panel.widget.set_size_request(width, height)
        self.window.show_all()
        self.elsewhere.grab_focus()
        self.wait_for(lambda: self.window.is_active())
        self.settle()

    def close(self):
        self.window.destroy()
        self.settle(0.05)

    # Time.

    def settle(self, seconds=0.15):
        """What has been asked for is done, and drawn."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            while Gtk.events_pending():
                Gtk.main_iteration()
            time.sleep(0.005)

    def wait_for(self, condition, seconds=5):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            self.settle(0.02)
        return condition()

    # Reading.

    def all(self, kind=Gtk.Widget, *, mapped=True):
        """Every widget of a kind that can be seen."""
        found = []

        def visit(widget):
            if isinstance(widget, kind) and (widget.get_mapped() or not mapped):
                found.append(widget)
            if isinstance(widget, Gtk.Container):
                widget.forall(visit)

        visit(self.panel.widget)
        return found

    def find(self, words, kind=USED):
        """The one widget with these words on it or before it, or said of it."""
        found = [each for each in self.all(kind) if words_of(each) == words]
        assert len(found) == 1, f"{len(found)} of '{words}' in {self.words(kind)}"
        return found[0]

    def has(self, words, kind=Gtk.Widget):
        return words in self.words(kind)

    def words(self, kind=Gtk.Widget):
        return [words for words in map(words_of, self.all(kind)) if words]

    def labels(self):
        """All the text that can be read."""
        return [label.get_text() for label in self.all(Gtk.Label)]

    def choice(self, label):
        """What a list shows."""
        combo = self.find(label, Gtk.ComboBox)
        return combo.get_model()[combo.get_active()][0] if combo.get_active() >= 0 else None

    # Using.

    def press(self, words):
        self.find(words, Gtk.Button).clicked()
        self.settle()

    def choose(self, label, text):
        combo = self.find(label, Gtk.ComboBox)
        combo.set_active([row[0] for row in combo.get_model()].index(text))
        self.settle()

    def click(self, widget, *, at=0.5):
        """With the pointer, in the middle or at another part of the width."""
        self.do("mousemove", *self.on_screen(widget, at), "sleep", "0.05", "click", 1)

    def scroll(self, widget):
        """The wheel down, three times."""
        self.do("mousemove", *self.on_screen(widget), "sleep", "0.05", "click", "--repeat", 3, 5)

    def keys(self, *names):
        self.do("key", "--delay", "30", *names)

    def do(self, *words):
        done = []
        command = ["xdotool", *map(str, words)]
        process, *_ = GLib.spawn_async(
            command, flags=GLib.SpawnFlags.SEARCH_PATH | GLib.SpawnFlags.DO_NOT_REAP_CHILD
        )
        GLib.child_watch_add(GLib.PRIORITY_DEFAULT, process, lambda *_: done.append(True))
        assert self.wait_for(lambda: done), command
        self.settle()

    def on_screen(self, widget, at=0.5):
        _, left, top = self.window.get_window().get_origin()
        x, y = widget.translate_coordinates(self.window, 0, 0)
        size = widget.get_allocation()
        return round(left + x + at * size.width), round(top + y + size.height / 2)

    def picture(self, path):
        subprocess.run(["import", "-window", "root", str(path)], check=True)


def words_of(widget):
    if isinstance(widget, Gtk.Label):
        return widget.get_text()
    label = widget.get_label() if isinstance(widget, Gtk.Button) else ""
    beside = [each.get_text() for each in widget.list_mnemonic_labels() if each is not widget]
    said = widget.get_accessible().get_name() if isinstance(widget, USED) else ""
    return (label or "").replace("_", "") or " ".join(beside) or said or ""


@contextlib.contextmanager
def staged(studio=None, **options):
    """A stage for one test."""
    stage = Stage(studio or FakeStudio(), **options)
    try:
        yield stage
    finally:
        stage.close()


def run_tests(names):
    """Runs every test among a module's names; returns its exit status."""
    tests = [value for name, value in names.items() if name.startswith("test_")]
    failed = 0
    for test in tests:
        try:
            test()
        except Exception:
            failed += 1
            print(f"{test.__name__}\n{traceback.format_exc()}")
    print(f"{len(tests) - failed} of {len(tests)} passed")
    return 1 if failed else 0
