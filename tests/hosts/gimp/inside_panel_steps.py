"""The panel in real Gtk on a real display: timeline, options, and the panel as a whole."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from draggan_studio.draggan_wire.workbench.connection import ConnectionView
from draggan_studio.draggan_wire.workbench.document_edit import EditView
from draggan_studio.draggan_wire.workbench.settings import Settings
from fake_studio import READY, FakeStudio, asked, dragged, thumbnail
from panel_stage import Gdk, Gtk, Stage, run_tests, staged, words_of

SWITCHES = (
    *("Show what the model sees", "Show steps in the image"),
    *("Carry fine detail along", "Improve the seam"),
)

# The timeline.


def slider(stage):
    return stage.find("Timeline", Gtk.Scale)


def test_the_slider_shows_the_step_and_goes_to_another():
    with staged(dragged()) as stage:
        assert slider(stage).get_value() == 60 and stage.has("60 / 60", Gtk.Label)
        slider(stage).set_value(12)
        assert asked(stage.studio, "look") == [(12,)] and stage.has("12 / 60", Gtk.Label)
        stage.studio.show_edit(step=12)
        stage.press("One step back")
        assert asked(stage.studio, "step_by") == [(-1,)]


def test_following_the_studio_asks_for_no_step():
    with staged(dragged()) as stage:
        for step in (0, 30, 59):
            stage.studio.show_edit(step=step)
        stage.studio.show_edit(step=5, last=8)
        stage.studio.show_edit(step=0, last=0)
        assert not stage.studio.asked


def test_the_slider_waits_for_the_answer_and_does_not_jump_back():
    with staged(dragged()) as stage:
        slider(stage).set_value(20)
        stage.studio.show_edit(message="Another thing.")
        assert slider(stage).get_value() == 20
        stage.studio.show_edit(step=20)
        stage.studio.show_edit(step=21)
        assert slider(stage).get_value() == 21


def test_the_keys_go_through_the_steps():
    with staged(dragged()) as stage:
        slider(stage).grab_focus()
        stage.keys("Left", "Left")
        assert asked(stage.studio, "look")[-1] == (58,)


def strip(stage):
    return stage.all(Gtk.Layout)[0]


def test_the_pictures_scrub_too():
    with staged(dragged()) as stage:
        stage.click(strip(stage), at=0.02)
        assert asked(stage.studio, "look") == [(0,)]
        stage.click(strip(stage), at=0.5)
        assert abs(asked(stage.studio, "look")[-1][0] - 30) <= 1


def test_the_pictures_are_those_of_the_steps_at_their_places():
    with staged(dragged()) as stage:
        reds = [picture.get_pixels()[0] for picture in shown_pictures(stage)]
        assert reds[0] == 0 and reds[-1] == 240 and reds == sorted(set(reds)) and len(reds) >= 4
        stage.studio.thumbnails[60] = thumbnail(7)
        stage.studio.show_edit(message="Another drag.")
        assert shown_pictures(stage)[-1].get_pixels()[0] == 7


def shown_pictures(stage):
    images = [each for each in strip(stage).get_children() if isinstance(each, Gtk.Image)]
    images.sort(key=lambda image: strip(stage).child_get_property(image, "x"))
    return [image.get_gicon()[0] for image in images]


def test_without_steps_the_timeline_says_what_it_is_for():
    with staged() as stage:
        assert not slider(stage).is_sensitive() and not stage.all(Gtk.Layout)
        assert slider(stage).get_tooltip_text() == "The steps of a drag will be here."


def test_steps_are_left_alone_while_the_edit_is_at_work():
    with staged(dragged(busy=True)) as stage:
        assert not slider(stage).is_sensitive()
        assert not stage.find("Keep step").is_sensitive()
        stage.click(strip(stage))
        assert not stage.studio.asked


def test_a_step_is_kept_and_given_up_again():
    with staged(dragged(kept=(10,))) as stage:
        assert not stage.find("Keep step").get_active()
        assert stage.has("Kept steps: 10", Gtk.Label)
        stage.press("Keep step")
        assert stage.has("Kept steps: 10, 60", Gtk.Label) and stage.find("Keep step").get_active()
        stage.studio.show_edit(step=30)
        assert not stage.find("Keep step").get_active()
        assert asked(stage.studio, "keep_step") == [()]
        stage.studio.show_edit(step=10)
        stage.press("Keep step")
        assert stage.studio.kept == (60,) and len(asked(stage.studio, "keep_step")) == 2


def test_every_nth_step_is_kept_if_asked_for():
    with staged() as stage:
        stage.press("Keep every")
        assert stage.studio.settings.keep_every == 10
        stage.find("Steps between two that are kept", Gtk.SpinButton).set_value(4)
        assert stage.studio.settings.keep_every == 4
        stage.press("Keep every")
        assert stage.studio.settings.keep_every is None


# More options.


def test_an_option_is_auto_until_it_is_set():
    with staged() as stage:
        stage.press("More options")
        for label, name, value in (
            ("Steps at most", "steps", 120),
            ("Hold the rest", "hold", 20.0),
            ("Handle size", "handle_size", 5.0),
            ("Tracking reach", "tracking", 14.0),
            ("Speed", "speed", 0.004),
            ("Arrived within", "arrival", 3.0),
        ):
            spin = stage.find(label, Gtk.SpinButton)
            assert spin.get_text() == "Auto"
            spin.set_value(value)
            assert getattr(stage.studio.settings, name) == value
            spin.set_value(0)
            assert getattr(stage.studio.settings, name) is None and spin.get_text() == "Auto"


def test_a_number_that_is_being_typed_is_not_reset_and_nonsense_is_auto():
    with staged() as stage:
        stage.press("More options")
        spin = stage.find("Steps at most", Gtk.SpinButton)
        stage.click(spin, at=0.2)
        stage.keys("ctrl+a")
        stage.do("type", "15")
        stage.studio.show_edit(message="Something.")
        assert spin.get_text() == "15" and not stage.studio.asked
        stage.do("type", "0")
        stage.keys("Return")
        assert stage.studio.settings.steps == 150
        stage.keys("ctrl+a")
        stage.do("type", "nonsense")
        stage.keys("Tab")
        assert stage.studio.settings.steps is None and spin.get_text() == "Auto"


def test_the_rest_of_the_options_become_settings():
    with staged() as stage:
        stage.press("More options")
        stage.choose("Preset", "As in the paper")
        stage.choose("Previews", "5 per second")
        for words in SWITCHES:
            stage.press(words)
        expected = Settings(
            source="layer", preset="paper", preview_ms=200, show_box=False, live=True
        )
        assert stage.studio.settings == replace(expected, detail=False, seam=True)
        stage.choose("Paste", "All that the model sees")
        assert stage.studio.settings.paste == "all"


def test_a_turn_is_in_degrees_either_way_and_none_at_first():
    with staged() as stage:
        stage.press("More options")
        spin = stage.find("Turn", Gtk.SpinButton)
        assert spin.get_text() == "0" and stage.has("°", Gtk.Label)
        for degrees in (-180, 35):
            spin.set_value(degrees)
            assert stage.studio.settings.angle == degrees
        spin.set_value(400)
        assert stage.studio.settings.angle == 180


def test_the_report_goes_to_the_clipboard():
    with staged() as stage:
        stage.press("More options")
        stage.press("Copy diagnostics")
        assert Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD).wait_for_text() == "DragGAN for GIMP"
        assert stage.has("Copied", Gtk.Button)


# The panel as a whole.


def test_it_speaks_another_language_when_told_and_stays_open_where_it_was():
    with staged(FakeStudio(edit=READY)) as stage:
        stage.press("More options")
        stage.choose("Language", "Deutsch")
        assert stage.find("Ziehen", Gtk.Button).is_sensitive()
        assert stage.choice("Sprache") == "Deutsch"
        stage.choose("Sprache", "Français")
        assert stage.has("Tirer", Gtk.Button) and not stage.has("Ziehen", Gtk.Button)
        stage.studio.show(busy=True)
        assert stage.has("Arrêter", Gtk.Button)


def test_what_is_hidden_stays_hidden_when_the_dialog_shows_all():
    with staged() as stage:
        assert not stage.has("Take up the edit again") and not stage.has("Steps at most")
        stage.window.show_all()
        assert not stage.has("Take up the edit again") and not stage.has("Steps at most")


def test_the_wheel_scrolls_the_panel_and_changes_nothing_but_where_the_focus_is():
    with staged(dragged(tool="paint", settings=Settings(keep_every=10)), height=320) as stage:
        stage.press("More options")
        place = stage.all(Gtk.ScrolledWindow)[0].get_vadjustment()
        for label, kind in (
            ("Quality", Gtk.ComboBox),
            ("Brush size", Gtk.Scale),
            ("Timeline", Gtk.Scale),
            ("Steps between two that are kept", Gtk.SpinButton),
            ("Steps at most", Gtk.SpinButton),
        ):
            widget = stage.find(label, kind)
            _, top = widget.translate_coordinates(stage.all(Gtk.Viewport)[0].get_child(), 0, 0)
            place.set_value(top - 100)
            stage.settle()
            before = place.get_value()
            stage.scroll(widget)
            assert not stage.studio.asked, (label, stage.studio.asked)
            assert place.get_value() > before, label
        spin = stage.find("Steps at most", Gtk.SpinButton)
        spin.set_value(50)
        spin.grab_focus()
        stage.settle()
        stage.scroll(spin)
        assert stage.studio.settings.steps == 20


def test_a_click_on_a_button_leaves_the_keyboard_where_it_is():
    with staged(dragged()) as stage:
        for words in ("Drag", "Paint", "One step back", "Keep step", "Keep every", "More options"):
            stage.click(stage.find(words, Gtk.Button))
            assert stage.window.get_focus() is stage.elsewhere, words
        assert len(stage.studio.asked) >= 5


def test_everything_can_be_reached_by_the_keyboard_in_its_order():
    with staged(dragged(tool="paint")) as stage:
        stage.press("More options")
        order = []
        for _ in range(80):
            stage.window.child_focus(Gtk.DirectionType.TAB_FORWARD)
            focus = stage.window.get_focus()
            if focus is stage.elsewhere:
                break
            combo = focus.get_ancestor(Gtk.ComboBox)
            order.append(words_of(combo or focus))
        wanted = ["Model", "Source", "Region", "Quality", "May move", "Paint", "Brush size", "Drag"]
        wanted += ["1", "2", "3", "Timeline", "Keep step", "Keep every", "More options"]
        wanted += ["Steps at most", "Arrived within", "Preset", "Language", "Copy diagnostics"]
        assert [words for words in order if words in wanted] == wanted, order


def test_no_two_letters_with_alt_are_the_same():
    for language in ("en", "de", "fr"):
        settings = Settings(language=language)
        with staged(dragged(settings=settings, tool="paint")) as stage:
            letters = list(filter(None, map(letter_of, stage.all(Gtk.Label, mapped=False))))
            assert len(letters) > 10 and len({*letters}) == len(letters), (language, letters)
            assert not {*letters} & {*"och"}, letters


def letter_of(label):
    key = label.get_mnemonic_keyval()
    return "" if key == Gdk.KEY_VoidSymbol else chr(Gdk.keyval_to_unicode(Gdk.keyval_to_lower(key)))


def test_alt_and_a_letter_presses_drag():
    with staged(FakeStudio(edit=READY)) as stage:
        stage.keys("alt+d")
        assert stage.wait_for(lambda: asked(stage.studio, "drag_or_stop") == [()])


def test_nothing_is_wider_than_a_narrow_panel():
    long = "A sentence that goes on and on, and names /a/very/long/path/without/any/blank/in/it. "
    for language in ("en", "de", "fr"):
        settings = Settings(language=language, keep_every=10)
        edit = replace(dragged().edit, message=long * 5, hint=long * 5, fit=f"poor ({long})")
        studio = dragged(settings=settings, tool="paint", edit=edit, kept=tuple(range(40)))
        studio.connection = ConnectionView("lost", long * 3, long * 3, True)
        with staged(studio, width=300) as stage:
            for fold in stage.all(Gtk.Button):
                if fold.get_style_context().has_class("draggan-fold"):
                    fold.clicked()
            stage.settle()
            width, _ = stage.panel.widget.get_preferred_width()
            assert width <= 300, (language, width)


def test_every_button_says_what_it_does():
    with staged(dragged(tool="paint")) as stage:
        stage.press("More options")
        for button in stage.all(Gtk.Button):
            inside = button.get_parent()
            if not isinstance(inside.get_parent(), Gtk.ComboBox):
                assert words_of(button), button


def test_a_dark_theme_is_followed():
    settings = Gtk.Settings.get_default()
    with staged() as stage:
        style = stage.panel.widget.get_style_context()
        for dark in (True, False):
            settings.set_property("gtk-application-prefer-dark-theme", dark)
            stage.settle()
            assert style.has_class("draggan-dark") is dark


def test_following_without_a_change_costs_next_to_nothing():
    with staged(dragged()) as stage:
        started = time.perf_counter()
        for _ in range(200):
            stage.panel.follow()
        assert (time.perf_counter() - started) / 200 < 0.002


def test_nothing_is_left_behind_when_the_panel_goes():
    with staged(FakeStudio(busy=True, edit=EditView(state="dragging"))) as stage:
        stage.settle(0.2)  # the bar moves by itself
    stage.settle(0.3)
    Stage(FakeStudio()).close()


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
