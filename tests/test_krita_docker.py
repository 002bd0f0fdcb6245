"""The docker's panel, drawn to memory: what it shows, what it asks for, what it leaves alone."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fake_studio import MODELS, Connection, Edit, FakeStudio
from tests.krita_plugin import load, qt_application

QtWidgets = pytest.importorskip("PyQt6.QtWidgets", exc_type=ImportError)
from PyQt6 import QtCore, QtGui  # noqa: E402
from PyQt6.QtTest import QTest  # noqa: E402

LEFT = QtCore.Qt.MouseButton.LeftButton
Settings = load("draggan_wire.workbench.settings").Settings
STATUS_COLOURS = load("draggan_wire.workbench.colours").STATUS_COLOURS
READY = Edit("idle", handles=("placed", "pinned"), selected=0)
DONE = Edit("done", handles=("reached",), step=40, last=60, ms_per_step=48.3, fraction=1.0)


@pytest.fixture(autouse=True)
def application() -> Iterator[Any]:
    app = qt_application()
    yield app
    for widget in app.topLevelWidgets():
        widget.close()
        widget.deleteLater()
    app.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
    app.processEvents()


def shown(studio: FakeStudio, *, locale: str = "", width: int = 300) -> Any:
    panel = load("widgets.docker").Panel(studio, locale=locale)
    panel.resize(width, 700)
    panel.show()
    panel.activateWindow()
    for _ in range(3):
        QtWidgets.QApplication.processEvents()
    return panel


def texts(panel: Any) -> list[str]:
    """All labels in sight, without the invisible places to break."""
    labels = panel.findChildren(QtWidgets.QLabel)
    return [label.text().replace("\u200b", "") for label in labels if label.isVisible()]


def button(panel: Any, name: str) -> Any:
    """A button by what is on it, or by what a screen reader says of it."""
    for found in panel.findChildren(QtWidgets.QAbstractButton):
        if name in (found.text(), found.accessibleName()):
            return found
    raise LookupError(name)


def combo(panel: Any, value: str) -> Any:
    """The combo box that has an item of that value."""
    return next(c for c in panel.findChildren(QtWidgets.QComboBox) if c.findData(value) >= 0)


def choose(panel: Any, value: str) -> None:
    box = combo(panel, value)
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


def slider(panel: Any) -> Any:
    return panel.findChild(QtWidgets.QSlider)


def unfold(panel: Any) -> None:
    for fold in panel.findChildren(load("widgets.fold").FoldButton):
        fold.set_open(True)


def tip(widget: Any) -> str:
    document = QtGui.QTextDocument()
    document.setHtml(widget.toolTip())
    return document.toPlainText().strip().replace("\xa0", " ")


# The connection.


def test_the_connection_is_told_in_words() -> None:
    panel = shown(
        FakeStudio(connection=Connection("lost", "No daemon answers.", "Start it.", True))
    )
    assert {"No daemon answers.", "Start it."} <= set(texts(panel))
    assert button(panel, "Start local daemon").isVisible()


def test_a_daemon_is_started_only_where_that_makes_sense() -> None:
    studio = FakeStudio(connection=Connection("lost", "No daemon answers.", can_start=True))
    panel = shown(studio)
    button(panel, "Start local daemon").click()
    assert studio.asked == [("start_daemon",)]
    studio.show(connection=Connection())
    assert not button(panel, "Start local daemon").isVisible()


def test_an_address_is_taken_when_it_is_finished_and_never_while_it_is_typed() -> None:
    studio = FakeStudio()
    panel = shown(studio)
    unfold(panel)
    line = panel.findChild(QtWidgets.QLineEdit)
    line.setFocus()
    QTest.keyClicks(line, "ssh://b")
    studio.show(connection=Connection("lost", "The connection to the daemon was lost."))
    assert line.text() == "ssh://b" and studio.asked == []
    QTest.keyClicks(line, "ox")
    QTest.keyClick(line, QtCore.Qt.Key.Key_Return)
    assert studio.settings.address == "ssh://box"


def test_an_address_that_was_set_elsewhere_is_shown() -> None:
    studio = FakeStudio()
    panel = shown(studio)
    studio.show(settings=Settings(address="ssh://box"))
    assert panel.findChild(QtWidgets.QLineEdit).text() == "ssh://box"
    button(panel, "Connect anew").click()
    assert studio.asked == [("reconnect",)]


# Model, source and quality.


def test_the_models_are_listed_with_the_chosen_ones_card() -> None:
    studio = FakeStudio()
    panel = shown(studio)
    box = combo(panel, "critters")
    assert [box.itemText(i) for i in range(box.count())] == ["Critters", "Lions"]
    assert "256 × 256 px · Apache-2.0" in texts(panel)
    choose(panel, "lions")
    assert studio.settings.model == "lions"
    assert "512 × 512 px · CC BY-NC 4.0" in texts(panel)


def test_the_summary_is_behind_a_fold() -> None:
    panel = shown(FakeStudio())
    assert MODELS[0].summary not in texts(panel)
    button(panel, "About this model").click()
    assert MODELS[0].summary in texts(panel)


def test_a_model_that_the_daemon_lacks_is_said_to_be_missing() -> None:
    panel = shown(FakeStudio(settings=Settings(model="horses")))
    assert combo(panel, "horses").currentData() == "horses"
    assert "The connected daemon does not have this model." in texts(panel)


def test_without_a_daemon_there_is_no_model_to_choose() -> None:
    panel = shown(FakeStudio(models=(), connection=Connection("lost", "No daemon answers.")))
    assert not combo(panel, "critters").isEnabled()
    assert "as soon as a daemon is connected" in tip(combo(panel, "critters"))


def test_a_poor_fit_stands_out() -> None:
    studio = FakeStudio(edit=Edit("idle", fit="close"))
    panel = shown(studio)
    colours = []
    for fit in ("close", "poor: this model does not know such pictures"):
        studio.show_edit(fit=fit)
        label = next(x for x in panel.findChildren(QtWidgets.QLabel) if "Likeness" in x.text())
        assert label.text() == f"Likeness: {fit.partition(':')[0]}"
        colours.append(label.palette().windowText().color().name())
    assert any("choose another model, or a smaller region" in text for text in texts(panel))
    studio.show_edit(fit="very close")
    assert label.palette().windowText().color().name() == colours[0] != colours[1]
    assert not any("another model" in text for text in texts(panel))


def likeness(panel: Any) -> Any:
    return panel.findChild(load("widgets.likeness").LikenessView)


def test_the_models_own_picture_has_its_place_as_soon_as_it_looks() -> None:
    studio = FakeStudio(edit=Edit("idle"))
    panel = shown(studio)
    view = likeness(panel)
    assert not view.isVisible()
    studio.show_edit(state="opening")
    panel.grab()
    height = view.height()
    assert view.isVisible() and view._picture.pixmap().isNull()
    for grey in (40, 90):  # one comes after the other
        studio.show_edit(state="opening", likeness=picture(grey))
        panel.grab()
        assert view.height() == height
        assert view._picture.pixmap().toImage().pixelColor(3, 30).red() == grey
    studio.show_edit(state="idle", likeness=picture(90), fit="close")
    panel.grab()
    assert view.height() == height and {"How the model sees it", "Likeness: close"} <= set(
        texts(panel)
    )


def test_the_models_picture_is_as_wide_as_its_place_and_keeps_its_shape() -> None:
    studio = FakeStudio(edit=Edit("opening", likeness=picture(40, width=256, height=64)))
    view = likeness(shown(studio))
    size = view._picture.pixmap().size()
    assert (size.width(), size.height()) == (view._picture.width(), view._picture.width() // 4)


def test_without_the_models_picture_the_words_stay() -> None:
    panel = shown(FakeStudio(edit=Edit("idle", fit="rough: fine detail")))
    assert {"Likeness: rough", "Fine detail will come from the original."} <= set(texts(panel))
    assert not likeness(panel)._picture.isVisible()


def picture(grey: int, *, width: int = 8, height: int = 8) -> Any:
    data = bytes((grey, grey, grey, 255)) * (width * height)
    return load("draggan_wire.messages").Image("bgra8", width, height, data)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", "layer"),
        ("region", "selection"),
        ("paste", "all"),
        ("quality", "best"),
        ("preset", "paper"),
        ("preview_ms", 200),
        ("language", "fr"),
    ],
)
def test_a_choice_becomes_a_setting(name: str, value: Any) -> None:
    studio = FakeStudio()
    choose(shown(studio), value)
    assert getattr(studio.settings, name) == value
    assert [request for request, *_ in studio.asked] == ["change"]


@pytest.mark.parametrize("name", ["source", "region", "quality"])
def test_settings_that_changed_elsewhere_are_shown_without_being_set_again(name: str) -> None:
    studio = FakeStudio()
    panel = shown(studio)
    value = {"source": "layer", "region": "selection", "quality": "fast"}[name]
    studio.show(settings=dataclasses.replace(studio.settings, **{name: value}))
    assert combo(panel, value).currentData() == value
    assert studio.asked == []


# Handles and dragging.


def test_without_a_document_nothing_can_be_placed_or_dragged() -> None:
    panel = shown(FakeStudio())
    for name in ("Place handles", "Drag", "From vector layer"):
        assert not button(panel, name).isEnabled()
        assert tip(button(panel, name)) == "Open a document first."
    assert "Open a document to begin." in texts(panel)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"edit": Edit("idle")}, "Place handles first."),
        ({"edit": Edit("idle", handles=("pinned",))}, "All handles are pins."),
        ({"edit": Edit("done", handles=("reached", "pinned"))}, "All handles have arrived."),
        ({"connection": Connection("lost", "x")}, "There is no connection to a daemon."),
    ],
)
def test_a_drag_that_cannot_be_is_refused_with_its_reason(
    changes: dict[str, Any], why: str
) -> None:
    panel = shown(FakeStudio(**{"edit": READY, **changes}))
    assert not button(panel, "Drag").isEnabled()
    assert tip(button(panel, "Drag")).startswith(why)


def test_drag_becomes_stop_while_the_edit_is_at_work() -> None:
    studio = FakeStudio(edit=READY)
    panel = shown(studio)
    button(panel, "Drag").click()
    studio.show(busy=True, edit=Edit("dragging", handles=("moving", "pinned")))
    button(panel, "Stop").click()
    assert studio.asked == [("drag_or_stop",), ("drag_or_stop",)]
    studio.show_edit(state="stopping")
    assert not button(panel, "Stopping…").isEnabled()
    studio.show(busy=False, edit=Edit("done", handles=("stuck", "pinned")))
    assert button(panel, "Drag").isEnabled()


def test_a_drag_can_be_stopped_without_a_connection() -> None:
    lost = Connection("lost", "The connection to the daemon was lost.")
    panel = shown(FakeStudio(busy=True, connection=lost, edit=Edit("dragging")))
    assert button(panel, "Stop").isEnabled()


def test_placing_is_switched_by_the_button_and_shown_by_it() -> None:
    studio = FakeStudio(edit=READY)
    panel = shown(studio)
    place = button(panel, "Place handles")
    place.click()
    assert studio.asked == [("place", True)]
    studio.show(placing=True)
    assert place.isChecked()
    studio.show(placing=False)  # by a shortcut
    assert not place.isChecked() and studio.asked == [("place", True)]


def test_the_button_has_the_colour_of_the_arrows_while_they_can_be_placed() -> None:
    studio = FakeStudio(edit=READY)
    place = button(shown(studio), "Place handles")
    plain = place.palette().button().color()
    place.click()
    studio.show(placing=True)
    assert place.palette().button().color().name() == STATUS_COLOURS["placed"].lower()
    studio.show(placing=False)
    assert place.palette().button().color() == plain


def test_the_handles_are_counted_and_their_states_said() -> None:
    studio = FakeStudio(edit=Edit("done", handles=("reached", "stuck", "lost", "pinned")))
    panel = shown(studio)
    assert "4 handles" in texts(panel)
    marks = panel.findChild(load("widgets.handle_list").HandleList)
    assert marks.accessibleName().startswith("Handle 1: has arrived, Handle 2: is stuck")


def test_every_handle_has_the_colour_that_it_has_on_the_canvas() -> None:
    colours = load("draggan_wire.workbench.colours").STATUS_COLOURS
    panel = shown(FakeStudio(edit=Edit("done", handles=tuple(colours))), width=320)
    marks = panel.findChild(load("widgets.handle_list").HandleList)
    picture = marks.grab().toImage()
    ratio = picture.devicePixelRatio()
    for i, colour in enumerate(colours.values()):
        at = QtCore.QPointF(1.5 + i * 20 + 3, 2 + 17 / 2) * ratio  # left of the number
        assert picture.pixelColor(at.toPoint()).name() == colour


def test_handles_are_deleted_and_taken_from_vectors() -> None:
    studio = FakeStudio(edit=READY)
    panel = shown(studio)
    for name in ("Delete handle", "Clear all handles", "From vector layer"):
        button(panel, name).click()
    assert studio.asked == [("delete_handle",), ("clear_handles",), ("take_vector_lines",)]
    studio.show_edit(selected=None)
    assert not button(panel, "Delete handle").isEnabled()
    studio.show(busy=True)
    assert not button(panel, "Clear all handles").isEnabled()


def test_many_handles_are_hinted_at_and_do_not_widen_the_docker() -> None:
    panel = shown(FakeStudio(edit=Edit("idle", handles=("placed",) * 64)), width=240)
    assert panel.width() == 240
    panel.grab()


# Messages.


def test_a_failure_is_told_with_its_remedy_in_a_colour_of_its_own() -> None:
    studio = FakeStudio(edit=Edit("idle", message="No layer is active.", hint="Choose one."))
    panel = shown(studio)
    assert {"No layer is active.", "Choose one."} <= set(texts(panel))
    label = next(x for x in panel.findChildren(QtWidgets.QLabel) if "No layer" in x.text())
    usual = label.palette().windowText().color()
    studio.show_edit(state="failed")
    assert label.palette().windowText().color() != usual


def test_what_is_to_know_of_the_picture_is_shown_once() -> None:
    studio = FakeStudio(edit=Edit("idle"))
    panel = shown(studio)
    studio.show_edit(notes=("It has holes.", "It was grey."))
    assert [text for text in texts(panel) if "It has holes." in text] == [
        "It has holes.\nIt was grey."
    ]
    studio.show_edit(notes=())
    assert not any("It has holes." in text for text in texts(panel))


def test_progress_and_speed_are_shown() -> None:
    studio = FakeStudio(busy=True, edit=Edit("dragging", fraction=0.25, ms_per_step=48.3))
    panel = shown(studio)
    bar = panel.findChild(QtWidgets.QProgressBar)
    assert bar.value() / bar.maximum() == 0.25
    assert "48 ms per step" in texts(panel)
    studio.show_edit(fraction=None)
    assert bar.maximum() == 0  # somewhere on the way


def test_an_edit_of_another_day_is_offered_again() -> None:
    studio = FakeStudio(edit=Edit("idle"))
    panel = shown(studio)
    again = button(panel, "Take up the edit again")
    assert not again.isVisible()
    studio.show_edit(can_reopen=True)
    assert again.isVisible()
    again.click()
    assert studio.asked == [("reopen",)]


@pytest.mark.parametrize("evil", ["<img src=x><b>bold</b>", "<a href='file:///'>click</a>"])
def test_what_strangers_write_is_never_read_as_html(evil: str) -> None:
    model = dataclasses.replace(MODELS[0], summary=evil, licence=evil)
    edit = Edit("failed", message=evil, hint=evil, fit=evil)
    panel = shown(FakeStudio(models=(model,), edit=edit, connection=Connection("lost", evil)))
    unfold(panel)
    for label in panel.findChildren(QtWidgets.QLabel):
        if evil in label.text().replace("\u200b", ""):
            assert label.textFormat() == QtCore.Qt.TextFormat.PlainText
    assert evil in texts(panel)


# The timeline.


def filled(**changes: Any) -> FakeStudio:
    """After a drag of 60 steps, each fifth of which has been seen."""
    pictures = {}
    for step in range(0, 61, 5):
        pictures[step] = QtGui.QImage(96, 64, QtGui.QImage.Format.Format_RGB32)
        pictures[step].fill(QtGui.QColor(step * 4, 40, 40))
    return FakeStudio(**{"edit": DONE, "thumbnails": pictures, **changes})


def test_the_slider_shows_the_step_and_goes_to_another() -> None:
    studio = filled()
    panel = shown(studio)
    assert (slider(panel).value(), slider(panel).maximum()) == (40, 60)
    assert "40 / 60" in texts(panel)
    slider(panel).setValue(12)
    button(panel, "One step back").click()
    button(panel, "One step forward").click()
    assert studio.asked == [("look", 12), ("step_by", -1), ("step_by", 1)]


def test_following_the_studio_asks_for_no_step() -> None:
    studio = filled()
    panel = shown(studio)
    studio.show_edit(step=50, last=70)
    assert slider(panel).value() == 50 and studio.asked == []


def test_the_slider_stays_under_the_users_hand() -> None:
    studio = filled()
    panel = shown(studio)
    slider(panel).setSliderDown(True)
    slider(panel).setSliderPosition(20)
    studio.show_edit(step=38)  # the answer to an earlier wish
    assert slider(panel).value() == 20


def test_the_slider_waits_for_the_answer_and_does_not_jump_back() -> None:
    studio = filled()
    panel = shown(studio)
    slider(panel).setValue(20)
    studio.show_edit(message="Step 38 of 60.", step=38)
    assert slider(panel).value() == 20
    studio.show_edit(step=20)
    studio.show_edit(step=25)  # by a shortcut
    assert slider(panel).value() == 25


def test_the_pictures_scrub_too() -> None:
    studio = filled()
    panel = shown(studio)
    strip = panel.findChild(load("widgets.film_strip").FilmStrip)
    assert strip.isVisible()
    strip.grab()
    QTest.mouseClick(strip, LEFT, pos=QtCore.QPoint(strip.width() - 3, 20))
    QTest.mouseClick(strip, LEFT, pos=QtCore.QPoint(3, 20))
    assert studio.asked == [("look", 60), ("look", 0)]


def test_the_pictures_are_those_of_the_steps_at_their_places() -> None:
    panel = shown(filled())
    strip = panel.findChild(load("widgets.film_strip").FilmStrip)
    picture = strip.grab().toImage()
    row = round(10 * picture.devicePixelRatio())
    reds = [picture.pixelColor(x, row).red() for x in (4, picture.width() - 4)]
    assert reds[0] == pytest.approx(0, abs=3) and reds[1] == pytest.approx(240, abs=3)


def test_another_drags_picture_of_the_same_step_is_shown_anew() -> None:
    studio = filled()
    panel = shown(studio)
    strip = panel.findChild(load("widgets.film_strip").FilmStrip)
    strip.grab()
    for image in studio.thumbnails.values():
        image.fill(QtGui.QColor(0, 200, 0))
    studio.show_edit(step=41)
    assert strip.grab().toImage().pixelColor(4, 10).green() == pytest.approx(200, abs=3)


def test_without_steps_the_timeline_says_what_it_is_for() -> None:
    panel = shown(FakeStudio(edit=READY))
    assert not slider(panel).isEnabled()
    assert tip(slider(panel)) == "The steps of a drag will be here."
    assert not panel.findChild(load("widgets.film_strip").FilmStrip).isVisible()


def test_steps_are_left_alone_while_the_edit_is_at_work() -> None:
    panel = shown(filled(busy=True))
    for widget in (slider(panel), button(panel, "Keep step"), button(panel, "As animation")):
        assert not widget.isEnabled()
        assert tip(widget) == "Stop first, then go through the steps."


def test_a_step_is_kept_and_all_are_exported() -> None:
    studio = filled()
    panel = shown(studio)
    button(panel, "Keep step").click()
    button(panel, "As animation").click()
    assert studio.asked == [("keep_step",), ("export_animation",)]


def test_every_nth_step_is_kept_if_asked_for() -> None:
    studio = FakeStudio()
    panel = shown(studio)
    box = button(panel, "Keep every")
    box.click()
    assert studio.settings.keep_every == 10
    every = next(s for s in panel.findChildren(QtWidgets.QSpinBox) if s.value() == 10)
    every.setValue(4)
    assert studio.settings.keep_every == 4
    box.click()
    assert studio.settings.keep_every is None


# Options.


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 150),
        ("hold", 20.0),
        ("handle_size", 3.0),
        ("tracking", 12.5),
        ("speed", 0.002),
        ("arrival", 1.5),
    ],
)
def test_an_option_is_auto_until_it_is_set(name: str, value: float) -> None:
    studio = FakeStudio()
    panel = shown(studio)
    options = panel.findChild(load("widgets.options").Options)
    spin = dict(options._spins)[name]
    assert spin.text() == "Auto"
    spin.setValue(value)
    assert getattr(studio.settings, name) == value
    spin.setValue(0)
    assert getattr(studio.settings, name) is None


def test_a_number_that_is_being_typed_is_not_reset() -> None:
    studio = FakeStudio()
    panel = shown(studio)
    unfold(panel)
    spin = dict(panel.findChild(load("widgets.options").Options)._spins)["steps"]
    spin.setFocus()
    spin.selectAll()
    QTest.keyClicks(spin, "15")
    studio.show_edit(state="idle")
    assert spin.lineEdit().text() == "15" and studio.asked == []
    QTest.keyClicks(spin, "0")
    QTest.keyClick(spin, QtCore.Qt.Key.Key_Return)
    assert studio.settings.steps == 150


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Show what the model sees", "show_box"),
        ("Carry fine detail along", "detail"),
        ("Improve the seam", "seam"),
    ],
)
def test_an_option_is_on_or_off(text: str, name: str) -> None:
    studio = FakeStudio()
    before = getattr(studio.settings, name)
    box = button(shown(studio), text)
    assert box.isChecked() is before
    box.click()
    assert getattr(studio.settings, name) is not before
    studio.show(settings=Settings())
    assert box.isChecked() is before


def test_a_turn_goes_both_ways_and_is_no_choice_of_the_models() -> None:
    studio = FakeStudio()
    spin = dict(shown(studio).findChild(load("widgets.options").Options)._spins)["angle"]
    assert spin.text() == "0°"
    spin.setValue(-180)
    assert studio.settings.angle == -180.0 and spin.text() == "-180°"


def test_the_report_goes_to_the_clipboard() -> None:
    studio = FakeStudio()
    panel = shown(studio)
    button(panel, "Copy diagnostics").click()
    assert QtWidgets.QApplication.clipboard().text() == studio.report()
    assert button(panel, "Copied") is not None


# The panel as a whole.


def test_it_speaks_kritas_language_and_another_when_told() -> None:
    studio = FakeStudio(edit=READY)
    panel = shown(studio, locale="de_DE")
    assert button(panel, "Ziehen").isEnabled()
    choose(panel, "fr")
    assert button(panel, "Tirer").isEnabled()
    assert len(panel.findChildren(QtWidgets.QScrollArea)) <= 2


def test_another_theme_is_followed() -> None:
    panel = shown(FakeStudio(edit=READY))
    before = button(panel, "Drag")
    palette = panel.palette()
    palette.setColor(QtGui.QPalette.ColorRole.Window, QtGui.QColor("#101010"))
    palette.setColor(QtGui.QPalette.ColorRole.WindowText, QtGui.QColor("#f0f0f0"))
    panel.setPalette(palette)
    QTest.qWait(20)
    label = panel.findChild(load("widgets.labels").WrapLabel)
    assert label.palette().window().color().name() == "#101010"
    assert button(panel, "Drag") is not before


def test_the_focus_stays_where_it_is() -> None:
    studio = filled()
    panel = shown(studio)
    slider(panel).setFocus()
    studio.show_edit(message="Step 39 of 60.", step=39)
    studio.show(busy=True)
    studio.show(busy=False)
    focus = QtWidgets.QApplication.focusWidget()
    assert focus is None or focus is slider(panel)
    assert button(panel, "Drag").focusPolicy() == QtCore.Qt.FocusPolicy.TabFocus


@pytest.mark.parametrize("kind", [QtWidgets.QComboBox, QtWidgets.QSlider, QtWidgets.QSpinBox])
def test_the_wheel_scrolls_the_docker_and_changes_nothing(kind: type) -> None:
    studio = filled(settings=Settings(keep_every=10))
    panel = shown(studio)
    for widget in panel.findChildren(kind):
        widget.clearFocus()
        wheel = QtGui.QWheelEvent(
            QtCore.QPointF(5, 5),
            QtCore.QPointF(5, 5),
            QtCore.QPoint(),
            QtCore.QPoint(0, -120),
            QtCore.Qt.MouseButton.NoButton,
            QtCore.Qt.KeyboardModifier.NoModifier,
            QtCore.Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QtWidgets.QApplication.sendEvent(widget, wheel)
    assert studio.asked == []


def test_every_button_says_what_it_does() -> None:
    panel = shown(filled())
    unfold(panel)
    for found in panel.findChildren(QtWidgets.QAbstractButton):
        if found.metaObject().className() in ("QPushButton", "QToolButton", "QCheckBox"):
            assert found.text() or (found.toolTip() and found.accessibleName())


def test_following_without_a_change_costs_next_to_nothing() -> None:
    studio = filled()
    panel = shown(studio)
    times = []
    for _ in range(200):
        started = time.perf_counter()
        panel.refresh()
        times.append(time.perf_counter() - started)
    assert sorted(times)[100] < 0.002


def test_a_hidden_docker_waits_until_it_is_seen() -> None:
    studio = FakeStudio(edit=READY)
    panel = shown(studio)
    panel.hide()
    studio.show_edit(message="Dragging...")
    assert all("Dragging" not in x.text() for x in panel.findChildren(QtWidgets.QLabel))
    panel.show()
    assert "Dragging..." in texts(panel)


def test_a_docker_whose_window_is_closed_hears_no_more() -> None:
    studio = FakeStudio(edit=READY)
    panel = shown(studio)
    panel.deleteLater()
    QtWidgets.QApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
    studio.show_edit(message="Dragging...")


@pytest.mark.parametrize("locale", ["en", "de", "fr"])
def test_nothing_is_wider_than_a_narrow_docker(locale: str) -> None:
    path = "/run/user/1000/" + "a-very-long-folder-name/" * 6 + "draggand.sock"
    lost = Connection("lost", f"No daemon answers at ipc://{path}.", "Start it.", True)
    panel = shown(filled(connection=lost), locale=locale, width=240)
    assert panel.width() == 240
    for widget in panel.findChildren(QtWidgets.QWidget):
        if widget.isVisible():
            right = widget.mapTo(panel, QtCore.QPoint(widget.width(), 0)).x()
            assert right <= 240, widget
