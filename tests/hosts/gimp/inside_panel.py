"""The panel in real Gtk on a real display: connection, model, tools, handles, messages."""

from __future__ import annotations

import sys
from dataclasses import replace

from draggan_studio.draggan_wire.messages import Image
from draggan_studio.draggan_wire.workbench.connection import ConnectionView
from draggan_studio.draggan_wire.workbench.document_edit import EditView
from fake_studio import READY, FakeStudio, asked, thumbnail
from panel_stage import Gtk, run_tests, staged, words_of

# The connection.


def test_the_connection_is_told_in_words():
    with staged() as stage:
        assert stage.has("Connected to the daemon on this computer.", Gtk.Label)
        stage.studio.show(connection=ConnectionView("lost", "Nobody answers.", "Look there."))
        stage.settle()
        assert stage.has("Nobody answers.", Gtk.Label) and stage.has("Look there.", Gtk.Label)


def test_a_daemon_is_started_only_where_that_makes_sense():
    with staged() as stage:
        assert not stage.has("Start local daemon")
        stage.studio.show(connection=ConnectionView("lost", "No daemon.", "", True))
        stage.press("Start local daemon")
        assert asked(stage.studio, "start_daemon") == [()]


def test_an_address_is_taken_when_it_is_finished_and_never_while_it_is_typed():
    with staged() as stage:
        stage.press("Address of the daemon")
        entry = stage.find("Address", Gtk.Entry)
        stage.click(entry)
        stage.do("type", "tcp://far:1")
        stage.studio.show_edit(message="Something.")
        assert entry.get_text() == "tcp://far:1" and not asked(stage.studio, "change")
        stage.keys("Return")
        assert stage.studio.settings.address == "tcp://far:1"
        stage.press("Connect anew")
        assert asked(stage.studio, "reconnect") == [()]


def test_an_address_that_was_set_elsewhere_is_shown():
    with staged() as stage:
        stage.press("Address of the daemon")
        stage.studio.show(settings=replace(stage.studio.settings, address="tcp://there:5"))
        assert stage.find("Address", Gtk.Entry).get_text() == "tcp://there:5"
        stage.click(stage.find("Address", Gtk.Entry))
        stage.studio.show(settings=replace(stage.studio.settings, address="tcp://other:6"))
        assert stage.find("Address", Gtk.Entry).get_text() == "tcp://other:6"
        stage.elsewhere.grab_focus()
        assert not stage.studio.asked


# The model and what it works on.


def test_the_models_are_listed_with_the_chosen_ones_card():
    with staged() as stage:
        assert stage.choice("Model") == "Critters"
        assert stage.has("256 × 256 px · Apache-2.0", Gtk.Label)
        stage.choose("Model", "Lions")
        assert stage.studio.settings.model == "lions"
        assert stage.has("512 × 512 px · CC BY-NC 4.0", Gtk.Label)


def test_the_summary_is_behind_a_fold():
    with staged() as stage:
        assert not any("round animals" in text for text in stage.labels())
        stage.press("About this model")
        assert any("round animals" in text for text in stage.labels())


def test_without_a_daemon_there_is_no_model_to_choose():
    with staged(FakeStudio(models=())) as stage:
        combo = stage.find("Model", Gtk.ComboBox)
        assert not combo.is_sensitive() and "as soon as" in combo.get_tooltip_text()


def test_the_model_shows_how_it_sees_the_picture_and_keeps_the_place_for_it():
    with staged() as stage:
        title, miniature = "How the model sees it", thumbnail(90, side=88)
        assert not stage.has(title)
        stage.studio.show_edit(state="opening")
        stage.settle()
        images = stage.all(Gtk.Image)
        (place,) = (each for each in images if each.get_accessible().get_name() == title)
        before = place.get_allocation().height
        likeness = Image("rgb8", 1, 1, bytes(3))
        stage.studio.show(likeness=miniature, edit=EditView(state="opening", likeness=likeness))
        stage.settle()
        assert place.get_pixbuf() is miniature and place.get_allocation().height == before


def test_what_to_expect_of_a_poor_likeness_is_said_in_its_own_colour_before_the_drag():
    known = EditView(state="idle", fit="very close: the model knows it.")
    with staged(FakeStudio(edit=known)) as stage:
        assert stage.has("Likeness: very close", Gtk.Label)
        stage.studio.show_edit(fit="poor: the model does not know it.")
        (remark,) = (label for label in stage.all(Gtk.Label) if "Expect little" in words_of(label))
        for label in (remark, stage.find("Likeness: poor", Gtk.Label)):
            assert label.get_style_context().has_class("draggan-wait")
        stage.studio.show_edit(fit="")
        assert not stage.has("How the model sees it")


def test_a_choice_becomes_a_setting():
    with staged() as stage:
        for label, text, name, value in (
            ("Source", "Everything visible", "source", "visible"),
            ("Region", "Around the handles", "region", "auto"),
            ("Quality", "Best: takes its time", "quality", "best"),
            ("May move", "Everything", "mask", "none"),
        ):
            stage.choose(label, text)
            assert getattr(stage.studio.settings, name) == value
        assert len(asked(stage.studio, "change")) == 4


def test_settings_that_changed_elsewhere_are_shown_without_being_set_again():
    with staged() as stage:
        other = replace(stage.studio.settings, quality="fast", steps=40, keep_every=3, live=True)
        stage.studio.show(settings=other)
        stage.press("More options")
        assert stage.choice("Quality") == "Fast: a rough likeness"
        assert stage.find("Steps at most", Gtk.SpinButton).get_text() == "40"
        assert stage.find("Show steps in the image", Gtk.CheckButton).get_active()
        assert not stage.studio.asked


# Tools.


def test_a_tool_is_chosen_by_its_button_and_shown_by_it():
    with staged() as stage:
        assert stage.find("Handles", Gtk.RadioButton).get_active()
        stage.press("Paint")
        assert asked(stage.studio, "use_tool") == [("paint",)]
        stage.studio.show(tool="erase")  # by its key on the picture
        assert stage.find("Erase", Gtk.RadioButton).get_active()
        assert asked(stage.studio, "use_tool") == [("paint",)]


def test_every_tool_tells_its_key():
    with staged() as stage:
        tips = [stage.find(words).get_tooltip_text() for words in ("Handles", "Paint", "Erase")]
        assert [tip[-3:] for tip in tips] == ["(H)", "(B)", "(E)"]


def test_the_brush_has_a_size_while_one_paints():
    with staged() as stage:
        assert not stage.has("Brush size", Gtk.Scale)
        stage.press("Paint")
        slider = stage.find("Brush size", Gtk.Scale)
        assert stage.has("64 px", Gtk.Label)
        slider.set_value(slider.get_value() + 64)
        assert asked(stage.studio, "set_brush") == [(64.0,)] and stage.has("128 px", Gtk.Label)


def test_a_brush_between_two_positions_of_the_slider_is_left_as_it_is():
    with staged(FakeStudio(tool="paint", brush=33.3)) as stage:
        stage.studio.show(brush=33.4)
        assert not stage.studio.asked


def test_paint_leaves_no_choice_of_what_may_move_until_it_is_cleared():
    with staged(FakeStudio(tool="paint", painted=True)) as stage:
        assert stage.choice("May move") == "Painted area"
        assert not stage.find("May move", Gtk.ComboBox).is_sensitive()
        stage.press("Clear paint")
        assert asked(stage.studio, "clear_painted") == [()]
        stage.studio.show(painted=False)
        assert stage.choice("May move") == "The selection"
        assert not stage.find("Clear paint").is_sensitive()
        assert not asked(stage.studio, "change")


# Handles and dragging.


def test_a_drag_that_cannot_be_is_refused_with_its_reason():
    with staged() as stage:
        drag = stage.find("Drag", Gtk.Button)
        assert not drag.is_sensitive() and drag.get_tooltip_text() == "Place handles first."
        stage.studio.show_edit(handles=("placed",))
        stage.press("Drag")
        assert asked(stage.studio, "drag_or_stop") == [()]


def test_drag_becomes_stop_while_the_edit_is_at_work():
    with staged(FakeStudio(edit=READY)) as stage:
        stage.studio.show(busy=True, edit=replace(READY, state="dragging"))
        stage.press("Stop")
        assert asked(stage.studio, "drag_or_stop") == [()]
        stage.studio.show_edit(state="stopping")
        assert not stage.find("Stopping…", Gtk.Button).is_sensitive()


def test_what_is_being_typed_counts_for_the_drag():
    with staged(FakeStudio(edit=READY)) as stage:
        stage.press("More options")
        stage.click(stage.find("Steps at most", Gtk.SpinButton), at=0.2)
        stage.keys("ctrl+a")
        stage.do("type", "25")
        stage.press("Drag")
        assert stage.studio.settings.steps == 25
        assert [each[0] for each in stage.studio.asked] == ["change", "drag_or_stop"]


def test_the_handles_are_counted_and_selected_by_their_marks():
    with staged(FakeStudio(edit=READY)) as stage:
        assert stage.has("2 handles", Gtk.Label)
        assert stage.find("2", Gtk.Button).get_tooltip_text() == "Handle 2: is a pin and stays"
        stage.click(stage.find("2", Gtk.Button))
        assert asked(stage.studio, "select_handle") == [(1,)]
        marked = [each.get_style_context().has_class("draggan-selected") for each in marks(stage)]
        assert marked == [False, True]
        assert stage.wait_for(lambda: [ring(mark).alpha for mark in marks(stage)] == [0, 1])


def test_every_mark_has_the_colour_that_it_has_on_the_picture():
    statuses = ("placed", "moving", "reached", "stuck", "lost", "pinned")
    with staged(FakeStudio(edit=EditView(state="idle", handles=statuses))) as stage:
        for mark, status in zip(marks(stage), statuses, strict=True):
            names = mark.get_style_context().list_classes()
            assert [s for s in statuses if f"draggan-{s}" in names] == [status]
        stage.studio.show_edit(handles=statuses[:2])
        assert len(marks(stage)) == 2


def marks(stage):
    return [b for b in stage.all(Gtk.Button) if b.get_style_context().has_class("draggan-mark")]


def ring(mark):
    style = mark.get_style_context()
    return style.get_property("border-color", style.get_state())


def test_sixty_four_handles_do_not_widen_the_panel():
    with staged(FakeStudio(edit=EditView(state="idle", handles=("placed",) * 64))) as stage:
        assert stage.panel.widget.get_allocated_width() == 320 and len(marks(stage)) == 64


def test_handles_are_deleted_cleared_and_taken_from_a_path():
    with staged(FakeStudio(edit=replace(READY, selected=0))) as stage:
        for words in ("Delete handle", "Clear all handles", "From path"):
            stage.press(words)
        names = [each[0] for each in stage.studio.asked]
        assert names == ["delete_handle", "clear_handles", "take_path"]
        stage.studio.show(busy=True)
        assert not stage.find("From path").is_sensitive()


# Messages.


def test_a_failure_is_told_with_its_remedy_in_a_colour_of_its_own():
    with staged() as stage:
        stage.studio.show_edit(state="failed", message="It broke.", hint="Mend it.")
        stage.settle()
        label = stage.find("It broke.", Gtk.Label)
        assert label.get_style_context().has_class("draggan-bad") and label.get_selectable()
        assert stage.has("Mend it.", Gtk.Label)
        stage.studio.show_edit(state="idle", message="Well.", hint="")
        label = stage.find("Well.", Gtk.Label)
        assert not label.get_style_context().has_class("draggan-bad")


def test_progress_and_speed_are_shown():
    with staged() as stage:
        bar = stage.all(Gtk.ProgressBar)[0]
        stage.studio.show(busy=True, edit=EditView(state="opening", fraction=0.25))
        assert bar.get_fraction() == 0.25
        stage.studio.show_edit(state="dragging", fraction=None, ms_per_step=41.3)
        stage.settle(0.3)
        assert stage.has("41 ms per step", Gtk.Label)


def test_an_edit_of_another_day_is_offered_again():
    with staged() as stage:
        assert not stage.has("Take up the edit again")
        stage.studio.show_edit(can_reopen=True)
        stage.press("Take up the edit again")
        assert asked(stage.studio, "reopen") == [()]


def test_what_strangers_write_is_shown_as_they_wrote_it():
    evil = "<b>bold</b> & <span size='1000000'>_x</span>\0 %s {n}"
    with staged() as stage:
        stage.studio.show_edit(state="failed", message=evil, hint=evil)
        stage.studio.show(models=(replace(stage.studio.models[0], title=evil, summary=evil),))
        assert stage.labels().count(evil.replace("\0", "")) >= 2


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
