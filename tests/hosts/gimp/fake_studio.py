"""A studio without GIMP and without a daemon: what a panel shows, and a list of what it asks."""

from __future__ import annotations

from dataclasses import replace

import gi

gi.require_version("GdkPixbuf", "2.0")

from draggan_studio.draggan_wire.messages import ModelInfo  # noqa: E402
from draggan_studio.draggan_wire.workbench.connection import ConnectionView  # noqa: E402
from draggan_studio.draggan_wire.workbench.document_edit import EditView  # noqa: E402
from draggan_studio.draggan_wire.workbench.settings import Settings  # noqa: E402
from draggan_studio.draggan_wire.workbench.words import Words  # noqa: E402
from gi.repository import GdkPixbuf, GLib  # noqa: E402

MODELS = (
    ModelInfo(
        id="critters",
        title="Critters",
        width=256,
        height=256,
        licence="Apache-2.0",
        summary="Small round animals, seen from the front. Made for trying things out.",
    ),
    ModelInfo(id="lions", title="Lions", width=512, height=512, licence="CC BY-NC 4.0"),
)
REQUESTS = (
    *("drag_or_stop", "step_by", "clear_handles", "delete_handle", "take_path", "reopen"),
    *("start_daemon", "reconnect", "clear_painted"),
)
READY = EditView(state="idle", handles=("placed", "pinned"))


class FakeStudio:
    """`show(edit=...)` changes what the panel sees; `asked` is what the panel has asked for."""

    def __init__(self, **shown):
        self.connection = ConnectionView("connected", "Connected to the daemon on this computer.")
        self.models = MODELS
        self.edit = EditView(state="idle")
        self.settings = Settings(source="layer")
        self.busy = False
        self.tool, self.brush, self.painted = "handles", 32.0, False
        self.kept = ()
        self.thumbnails = {}
        self.likeness = None
        self.asked = []
        self.listeners = []
        for name, value in shown.items():
            setattr(self, name, value)

    @property
    def placing(self):
        return self.tool == "handles"

    @property
    def words(self):
        return Words(self.settings.language)

    def show(self, **changes):
        for name, value in changes.items():
            setattr(self, name, value)
        for listener in self.listeners:
            listener()

    def show_edit(self, **changes):
        self.show(edit=replace(self.edit, **changes))

    def on_change(self, listener):
        self.listeners.append(listener)

    def thumbnail(self, step):
        return self.thumbnails.get(step)

    def thumbnail_steps(self):
        return tuple(sorted(self.thumbnails))

    def report(self):
        return "DragGAN for GIMP"

    # What is asked for, and what can be seen at once.

    def change(self, settings):
        self.asked.append(("change", settings))
        self.show(settings=settings)

    def use_tool(self, tool):
        self.asked.append(("use_tool", tool))
        self.show(tool=tool)

    def set_brush(self, radius):
        self.asked.append(("set_brush", radius))
        self.show(brush=radius)

    def look(self, step):
        self.asked.append(("look", step))

    def keep_step(self):
        self.asked.append(("keep_step",))
        self.show(kept=tuple(sorted({*self.kept} ^ {self.edit.step})))

    def select_handle(self, i):
        self.asked.append(("select_handle", i))
        self.show_edit(selected=i)

    def __getattr__(self, name):
        if name not in REQUESTS:
            raise AttributeError(name)
        return lambda *values: self.asked.append((name, *values))


def thumbnail(red, side=64):
    """A picture of one colour."""
    rows = bytes((red, 90, 120)) * side * side
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(rows), GdkPixbuf.Colorspace.RGB, False, 8, side, side, 3 * side
    )


def dragged(**shown):
    """A studio after a drag of 60 steps, at its end."""
    edit = EditView(
        state="done",
        message="All handles have reached their targets, after 60 steps.",
        handles=("reached", "placed", "pinned"),
        step=60,
        last=60,
        ms_per_step=12.3,
    )
    pictures = {step: thumbnail(4 * step) for step in range(0, 61, 2)}
    return FakeStudio(**{"edit": edit, "thumbnails": pictures, **shown})


def asked(studio, name):
    """What one of the requests was called with, each time."""
    return [each[1:] for each in studio.asked if each[0] == name]
