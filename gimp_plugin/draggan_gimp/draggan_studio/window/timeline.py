"""Going back and forth over the steps of an edit, and keeping some of them; Gtk only."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Optional, Tuple

from gi.repository import Gtk

from ..draggan_wire.workbench import captions
from ..draggan_wire.workbench.choices import (
    KEEP_EVERY,
    KEEP_INTERVAL,
    LONGEST_INTERVAL,
    TIMELINE,
    USUAL_INTERVAL,
)
from ..draggan_wire.workbench.host_words import GIMP
from .buttons import dressed, ellipsized, small_button
from .fields import Number
from .film_strip import FilmStrip
from .form import column, line
from .labels import say, wrapping
from .mnemonics import Mnemonics
from .quiet import (
    calm_wheel,
    set_active,
    set_class,
    set_enabled,
    set_name,
    set_shown,
    set_text,
    set_tip,
)
from .shown import Shown

if TYPE_CHECKING:
    from ..draggan_wire.workbench.words import Words
    from ..studio import GimpStudio

_PATIENCE = 3.0  # seconds for which the slider stays where the user has put it


class Timeline:
    """A slider with pictures below it, and what can be done with a step."""

    def __init__(self, studio: GimpStudio, words: Words, keys: Mnemonics) -> None:
        self._studio, self._words = studio, words
        self._wish: Optional[int] = None  # asked for and not yet shown
        self._wished_at = 0.0
        self._last = 0
        self._held = False  # the slider, by the pointer
        self._marks: Tuple[int, Tuple[int, ...]] = (0, ())
        self._make_scrubbing()
        self._make_keeping(keys)
        scrub = line(*(self._back, self._slider, self._forward, self._where), grow=self._slider)
        every = line(self._every, self._interval.widget, self._unit)
        self.widget = column(scrub, self._strip.widget, self._keep, self._kept, every)

    def _make_scrubbing(self) -> None:
        studio = self._studio
        self._slider = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0, 1, 1)
        self._slider.set_draw_value(False)
        self._slider.set_increments(1, 10)
        self._slider.set_round_digits(0)
        set_name(self._slider, self._words.tr(TIMELINE))
        self._moved = self._slider.connect("value-changed", self._scrubbed)
        self._slider.connect("button-press-event", lambda *_: self._hold(True))
        self._slider.connect("button-release-event", lambda *_: self._hold(False))
        calm_wheel(self._slider)
        self._back = small_button("back", "", lambda: studio.step_by(-1))
        self._forward = small_button("forward", "", lambda: studio.step_by(1))
        for arrow in (self._back, self._forward, self._slider):
            arrow.set_valign(Gtk.Align.CENTER)
        self._where = Gtk.Label(xalign=1)
        self._strip = FilmStrip(studio.thumbnail, self._look)

    def _make_keeping(self, keys: Mnemonics) -> None:
        tr = self._words.tr
        self._keep = Gtk.ToggleButton.new_with_mnemonic(keys.mark(tr("Keep step")))
        ellipsized(dressed(self._keep, "keep"))
        set_class(self._keep, "draggan-chosen", True)
        self._kept_by_hand = self._keep.connect("toggled", lambda _: self._studio.keep_step())
        self._kept = wrapping(quiet=True, small=True)
        self._every = Gtk.CheckButton.new_with_mnemonic(keys.mark(tr(KEEP_EVERY)))
        self._every.set_focus_on_click(False)
        set_tip(self._every, tr(GIMP.keep_every_tip))
        self._ticked = self._every.connect("toggled", lambda _: self._set_interval())
        limits = (1, LONGEST_INTERVAL, 1)
        self._interval = Number(limits, 0, lambda _: self._set_interval(), chars=3)
        self._interval.show(USUAL_INTERVAL)
        set_name(self._interval.widget, tr(KEEP_INTERVAL))
        self._unit = Gtk.Label(xalign=0)

    def commit(self) -> None:
        """Takes what has been typed."""
        self._interval.commit()

    def follow(self, shown: Shown) -> None:
        now, edit = shown.now, shown.now.edit
        if self._wish is not None and self._wish_is_over(shown):
            self._wish = None
        step = edit.step if self._wish is None else self._wish
        self._follow_slider(shown, step)
        self._last = edit.last
        self._say_where(step)
        set_shown(self._strip.widget, bool(shown.thumbnails) and edit.last > 0)
        self._strip.show(shown.thumbnails, edit.last, step, enabled=not now.busy)
        self._follow_buttons(shown)
        self._follow_kept(shown)
        self._follow_interval(shown)

    def _wish_is_over(self, shown: Shown) -> bool:
        now, late = shown.now, time.monotonic() - self._wished_at > _PATIENCE
        return now.busy or now.edit.step == self._wish or late or now.edit.last == 0

    def _follow_slider(self, shown: Shown, step: int) -> None:
        last = shown.now.edit.last
        if not self._held:
            with self._slider.handler_block(self._moved):
                if self._slider.get_adjustment().get_upper() != max(last, 1):
                    self._slider.set_range(0, max(last, 1))
                if self._slider.get_value() != step:
                    self._slider.set_value(step)
        field = captions.slider_field(shown.now, self._words)
        set_enabled(self._slider, field.enabled, field.tip)

    def _follow_buttons(self, shown: Shown) -> None:
        now, words = shown.now, self._words
        for widget, caption in (
            (self._back, captions.back_button(now, words)),
            (self._forward, captions.forward_button(now, words)),
        ):
            set_enabled(widget, caption.enabled, caption.tip)
            set_name(widget, caption.text)
        keep = captions.keep_button(now, words, GIMP)
        set_enabled(self._keep, keep.enabled, keep.tip)
        set_active(self._keep, now.edit.step in shown.kept, self._kept_by_hand)

    def _follow_kept(self, shown: Shown) -> None:
        say(self._kept, captions.kept_line(shown.kept, self._words))
        set_shown(self._kept, bool(shown.kept))
        marks = (shown.now.edit.last, shown.kept)
        if marks != self._marks:
            self._marks = marks
            self._slider.clear_marks()
            for step in shown.kept:
                self._slider.add_mark(step, Gtk.PositionType.BOTTOM, None)

    def _follow_interval(self, shown: Shown) -> None:
        every = shown.now.settings.keep_every
        set_active(self._every, every is not None, self._ticked)
        if every is not None:
            self._interval.show(every)
        set_text(self._unit, captions.interval_unit(int(self._interval.value), self._words))

    def _say_where(self, step: int) -> None:
        set_text(self._where, captions.where(step, self._last))

    def _hold(self, held: bool) -> bool:
        self._held = held
        return False

    def _scrubbed(self, slider: Gtk.Scale) -> None:
        self._look(round(slider.get_value()))

    def _look(self, step: int) -> None:
        if step != self._wish:
            self._wish, self._wished_at = step, time.monotonic()
            self._say_where(step)
            self._studio.look(step)

    def _set_interval(self) -> None:
        every = int(self._interval.value) if self._every.get_active() else None
        if every != self._studio.settings.keep_every:
            self._studio.change(replace(self._studio.settings, keep_every=every))
