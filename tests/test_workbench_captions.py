"""What both editors' panels say and allow: every text, choice, range and condition, no toolkit."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from draggan_wire.messages import Image, ModelInfo
from draggan_wire.workbench import captions, choices, settings
from draggan_wire.workbench.colours import STATUS_COLOURS
from draggan_wire.workbench.connection import ConnectionView
from draggan_wire.workbench.document_edit import EditView
from draggan_wire.workbench.host_words import GIMP, KRITA, HostWords
from draggan_wire.workbench.settings import Settings
from draggan_wire.workbench.snapshot import Snapshot
from draggan_wire.workbench.words import Words

ENGLISH, GERMAN = Words(), Words("de")
HOSTS = (KRITA, GIMP)
CRITTERS = ModelInfo(
    id="critters",
    title="Critters",
    width=256,
    height=256,
    licence="Apache-2.0",
    summary="Small round animals.",
)
READY = EditView("idle", handles=("placed", "pinned"), selected=0)
DONE = EditView("done", handles=("reached", "stuck"), step=40, last=60)


def now(**changes: Any) -> Snapshot:
    """A connected studio with an open document and nothing done yet."""
    usual = Snapshot(
        connection=ConnectionView("connected", "Connected to the daemon on this computer."),
        models=(CRITTERS,),
        edit=EditView("idle"),
        placing=False,
        settings=Settings(),
        busy=False,
    )
    return dataclasses.replace(usual, **changes)


LOST = ConnectionView("lost", "No daemon answers.", "Start it with `draggand serve`.", True)
NO_CONNECTION = "There is no connection to a daemon."


# The connection.


@pytest.mark.parametrize(
    ("state", "tone", "under_way"),
    [
        ("connected", "good", False),
        ("connecting", "wait", True),
        ("starting", "wait", True),
        ("lost", "bad", False),
        ("refused", "bad", False),
    ],
)
def test_the_connections_state_has_a_tone(state: str, tone: str, under_way: bool) -> None:
    line = captions.connection_line(now(connection=ConnectionView(state)), ENGLISH)
    assert (line.tone, line.under_way) == (tone, under_way)


def test_a_lost_connection_is_told_with_its_remedy_in_the_users_language() -> None:
    line = captions.connection_line(now(connection=LOST), GERMAN)
    assert line.sentence == "Kein Dienst antwortet."
    assert line.hint == "Mit `draggand serve` starten."
    assert line.can_start


def test_a_connection_that_holds_needs_no_remedy() -> None:
    view = ConnectionView("connected", "Connected to box.", hint="left over")
    assert captions.connection_line(now(connection=view), ENGLISH).hint == ""


# The model and what it works on.


def test_the_chosen_model_is_listed_even_where_the_daemon_lacks_it() -> None:
    snapshot = now(settings=Settings(model="horses"))
    assert captions.listed_models(now()) == (("critters", "Critters"),)
    assert captions.listed_models(snapshot)[-1] == ("horses", "horses")
    missing = "The connected daemon does not have this model."
    assert captions.model_card(snapshot, ENGLISH) == missing
    lost = dataclasses.replace(snapshot, connection=LOST)
    assert captions.model_card(lost, ENGLISH) == ""
    assert captions.model_summary(snapshot, ENGLISH) == ""


def test_a_models_card_has_its_size_and_licence() -> None:
    assert captions.model_card(now(), ENGLISH) == "256 × 256 px · Apache-2.0"
    free = dataclasses.replace(CRITTERS, licence="")
    assert captions.model_card(now(models=(free,)), ENGLISH) == "256 × 256 px"
    assert captions.model_summary(now(), ENGLISH) == "Small round animals."


@pytest.mark.parametrize(
    ("changes", "enabled", "tip"),
    [
        ({}, True, "Which model works on the picture."),
        ({"busy": True}, False, "Stop first, then choose another model."),
        ({"models": ()}, False, "The models are listed as soon as a daemon is connected."),
        ({"models": (), "busy": True}, False, "The models are listed"),
    ],
)
def test_a_model_can_be_chosen_while_nothing_is_under_way(
    changes: dict[str, Any], enabled: bool, tip: str
) -> None:
    field = captions.model_field(now(**changes), ENGLISH)
    assert field.enabled is enabled and field.tip.startswith(tip)


@pytest.mark.parametrize(
    ("fit", "short", "tone", "remark"),
    [
        ("close", "close", "", ""),
        ("rough: fine detail", "rough", "", "Fine detail will come from the original."),
        ("poor: little", "poor", "wait", "This model does not know such pictures."),
        ("poorly named but close", "poorly named but close", "", ""),
        ("new: of another daemon's", "new: of another daemon's", "", ""),
    ],
)
def test_a_poor_likeness_stands_out(fit: str, short: str, tone: str, remark: str) -> None:
    shown = now(edit=EditView("idle", fit=fit))
    assert captions.fit_line(shown, ENGLISH) == captions.Note(f"Likeness: {short}", tone)
    said = captions.fit_remark(shown, ENGLISH)
    assert said.text.startswith(remark) and bool(said.text) == bool(remark) and said.tone == tone


def test_an_unknown_likeness_is_not_told() -> None:
    assert captions.fit_line(now(), ENGLISH) == captions.Note("")
    assert captions.fit_remark(now(), ENGLISH) == captions.Note("")


def test_there_is_room_for_the_models_picture_from_the_opening_on() -> None:
    image = Image("rgb8", 1, 1, bytes(3))
    assert not captions.likeness_shown(now(edit=EditView("connecting")))
    assert captions.likeness_shown(now(edit=EditView("opening")))
    assert captions.likeness_shown(now(edit=EditView("idle", likeness=image)))
    assert not captions.likeness_shown(now(edit=EditView("idle")))


@pytest.mark.parametrize("row", [*choices.SOURCE_ROWS, choices.MAY_MOVE])
def test_what_is_sent_is_left_alone_while_the_edit_is_at_work(row: choices.ChoiceRow) -> None:
    assert captions.source_field(row, now(), ENGLISH) == captions.Field(row.tip, True)
    busy = captions.source_field(row, now(busy=True), ENGLISH)
    assert busy == captions.Field("Stop first, then change this.", False)


# What is painted.


def test_paint_goes_before_the_selection_and_leaves_no_choice() -> None:
    values = [value for value, _ in captions.may_move(ENGLISH, painted=False).items]
    assert values == ["selection", "none"]
    assert captions.may_move_field(now(), ENGLISH, painted=False).enabled
    painted = captions.may_move(GERMAN, painted=True)
    assert painted.items == (("painted", "Bemalte Fläche"),) and painted.label == "Beweglich"
    field = captions.may_move_field(now(), ENGLISH, painted=True)
    assert not field.enabled and "Clear the paint" in field.tip
    busy = captions.may_move_field(now(busy=True), ENGLISH, painted=True)
    assert busy.tip == "Stop first, then change this."


def test_the_tools_rest_while_the_edit_is_at_work() -> None:
    names = [name for name, _ in captions.tool_buttons(now(), ENGLISH)]
    assert names == ["handles", "paint", "erase"]
    for _, tool in captions.tool_buttons(now(), ENGLISH):
        assert tool.enabled and tool.text and tool.tip.endswith(".")
    for _, tool in captions.tool_buttons(now(busy=True), ENGLISH):
        assert not tool.enabled and tool.tip == "Stop first, then change this."


@pytest.mark.parametrize(
    ("busy", "painted", "enabled", "tip"),
    [
        (False, True, True, "Takes all paint away."),
        (False, False, False, "Nothing is painted."),
        (True, True, False, "Stop first, then change this."),
        (True, False, False, "Stop first, then change this."),
    ],
)
def test_paint_is_cleared_where_there_is_some(
    busy: bool, painted: bool, enabled: bool, tip: str
) -> None:
    button = captions.clear_paint_button(now(busy=busy), ENGLISH, painted)
    assert button == captions.Button("Clear paint", tip, enabled)


# Dragging.


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"edit": EditView()}, "Open a document first."),
        ({"edit": READY, "connection": LOST}, NO_CONNECTION),
        ({"edit": READY, "connection": ConnectionView("refused")}, NO_CONNECTION),
        ({}, "Place handles first."),
        ({"edit": EditView("idle", handles=("pinned",) * 2)}, "All handles are pins."),
        ({"edit": EditView("done", handles=("reached", "pinned"))}, "All handles have arrived."),
        ({"edit": READY}, ""),
        ({"edit": READY, "connection": ConnectionView("connecting")}, ""),
        ({"edit": EditView("done", handles=("reached", "stuck"))}, ""),
    ],
)
def test_a_drag_that_cannot_be_says_why(changes: dict[str, Any], why: str) -> None:
    said = captions.obstacle(now(**changes), ENGLISH, KRITA)
    assert said.startswith(why) and bool(said) == bool(why)
    button = captions.drag_button(now(**changes), ENGLISH, KRITA)
    assert button.text == "Drag" and button.enabled is not bool(why)
    assert button.look == ("off" if why else "play")
    assert button.tip == (said or "Moves what is under the handles to their targets.")


def test_drag_becomes_stop_while_the_edit_is_at_work_even_without_a_connection() -> None:
    busy = now(busy=True, edit=EditView("dragging"), connection=LOST)
    assert captions.drag_button(busy, ENGLISH, KRITA) == captions.Button(
        "Stop", "Stops after this step and keeps what was reached.", True, "stop"
    )


def test_a_drag_that_is_being_stopped_cannot_be_stopped_again() -> None:
    stopping = now(busy=True, edit=EditView("stopping", handles=("moving",)))
    assert captions.drag_button(stopping, ENGLISH, KRITA) == captions.Button(
        "Stopping…", "The step that is being computed ends first.", False, "stop"
    )


# Handles.


@pytest.mark.parametrize(("n", "text"), [(0, "No handles"), (1, "1 handle"), (12, "12 handles")])
def test_handles_are_counted(n: int, text: str) -> None:
    edit = EditView("idle", handles=("placed",) * n)
    assert captions.handle_count(now(edit=edit), ENGLISH) == text


@pytest.mark.parametrize("status", STATUS_COLOURS)
def test_every_state_of_a_handle_is_said_in_words(status: str) -> None:
    said = captions.handle_tip(1, status, GERMAN)
    assert said.startswith("Griff 2: ") and status not in said


def test_a_state_that_is_not_known_is_said_as_it_is() -> None:
    assert captions.handle_tip(0, "dizzy", ENGLISH) == "Handle 1: dizzy"


@pytest.mark.parametrize(
    ("changes", "delete", "clear"),
    [
        ({"edit": READY}, "Delete the selected handle", "Clear all handles"),
        ({"edit": EditView("done", handles=("stuck",))}, "-Select a handle", "Clear all handles"),
        ({}, "-Select a handle first.", "-There are no handles."),
        ({"edit": READY, "busy": True}, "-Stop first", "-Stop first, then change the handles."),
    ],
)
def test_handles_are_deleted_where_there_are_some(
    changes: dict[str, Any], delete: str, clear: str
) -> None:
    """With a minus before the tip where the button is off."""
    shown = [captions.delete_button(now(**changes), ENGLISH)]
    shown += [captions.clear_button(now(**changes), ENGLISH)]
    for button, expected in zip(shown, (delete, clear), strict=True):
        assert button.tip.startswith(expected.lstrip("-"))
        assert button.enabled is not expected.startswith("-")


@pytest.mark.parametrize(
    ("host", "text", "tip"),
    [
        (KRITA, "From vector layer", "Take the lines of the active vector layer as handles"),
        (GIMP, "From path", "Take the selected path's lines as handles"),
    ],
)
def test_handles_come_from_the_editors_own_lines(host: HostWords, text: str, tip: str) -> None:
    assert captions.lines_button(now(), ENGLISH, host) == captions.Button(text, tip, True)
    busy = captions.lines_button(now(busy=True), ENGLISH, host)
    assert not busy.enabled and busy.tip == "Stop first, then change the handles."
    closed = captions.lines_button(now(edit=EditView()), ENGLISH, host)
    assert not closed.enabled and closed.tip == host.no_document


def test_handles_are_placed_on_an_open_document() -> None:
    assert captions.place_button(now(), ENGLISH, KRITA).enabled
    closed = captions.place_button(now(edit=EditView()), ENGLISH, KRITA)
    assert (closed.enabled, closed.tip) == (False, "Open a document first.")


# Messages.


@pytest.mark.parametrize(
    ("changes", "krita", "gimp"),
    [
        ({"edit": EditView()}, "Open a document to begin.", "Close this window"),
        ({}, "Press Place handles, then", "Choose Handles, then draw arrows"),
        ({"placing": True}, "Now draw arrows", "Draw arrows on the picture, from a place to"),
        ({"edit": READY}, "Press Drag, and the picture", "Press Drag, and the picture follows"),
    ],
)
def test_the_next_step_is_said_while_there_is_nothing_else(
    changes: dict[str, Any], krita: str, gimp: str
) -> None:
    for host, expected in ((KRITA, krita), (GIMP, gimp)):
        said = captions.message(now(**changes), ENGLISH, host)
        assert said.text.startswith(expected) and said.tone == ""


def test_a_failure_is_told_in_a_tone_of_its_own_with_its_remedy() -> None:
    edit = EditView("failed", message="No layer is active.", hint="Remove some handles.")
    assert captions.message(now(edit=edit), GERMAN, GIMP) == captions.Note(
        "Keine Ebene ist aktiv.", "bad"
    )
    assert captions.hint(now(edit=edit), GERMAN) == "Einige Griffe entfernen."


def test_what_is_to_know_of_the_picture_stands_below_the_remedy() -> None:
    holes = "12 pixels without a finite value were read as 0."
    edit = EditView("done", hint="Remove some handles.", notes=(holes, "Out of the blue."))
    assert captions.hint(now(edit=edit), GERMAN).split("\n") == [
        "Einige Griffe entfernen.",
        "12 Pixel ohne endlichen Wert wurden als 0 gelesen.",
        "Out of the blue.",
    ]
    assert captions.hint(now(edit=EditView("done", notes=(holes,))), ENGLISH) == holes


@pytest.mark.parametrize(
    ("fraction", "busy", "shown"),
    [(None, False, 0.0), (None, True, None), (0.25, True, 0.25), (1.0, False, 1.0)],
)
def test_progress_is_unknown_only_while_something_is_under_way(
    fraction: float | None, busy: bool, shown: float | None
) -> None:
    edit = EditView("opening", fraction=fraction)
    assert captions.progress(now(edit=edit, busy=busy)) == shown


@pytest.mark.parametrize(
    ("ms", "text"), [(None, ""), (48.3, "48 ms per step"), (3.14, "3.1 ms per step")]
)
def test_the_time_of_a_step_is_rounded(ms: float | None, text: str) -> None:
    assert captions.speed(now(edit=EditView("done", ms_per_step=ms)), ENGLISH) == text


def test_an_edit_of_another_day_is_taken_up_where_a_daemon_is_connected() -> None:
    krita = captions.reopen_button(now(), ENGLISH, KRITA)
    assert krita.enabled and krita.tip.startswith("This document holds an edit")
    assert captions.reopen_button(now(), ENGLISH, GIMP).tip.startswith("This picture holds an edit")
    lost = captions.reopen_button(now(connection=LOST), ENGLISH, KRITA)
    assert not lost.enabled and lost.tip == NO_CONNECTION
    assert not captions.reopen_button(now(busy=True), ENGLISH, KRITA).enabled


# The timeline.


def scrubbing(snapshot: Snapshot, host: HostWords) -> tuple[captions.Button | captions.Field, ...]:
    return (
        captions.slider_field(snapshot, ENGLISH),
        captions.back_button(snapshot, ENGLISH),
        captions.forward_button(snapshot, ENGLISH),
        captions.keep_button(snapshot, ENGLISH, host),
        captions.animation_button(snapshot, ENGLISH),
    )


@pytest.mark.parametrize("host", HOSTS)
def test_without_steps_the_timeline_says_what_it_is_for(host: HostWords) -> None:
    for shown in scrubbing(now(edit=READY), host):
        assert (shown.enabled, shown.tip) == (False, "The steps of a drag will be here.")


@pytest.mark.parametrize("host", HOSTS)
def test_steps_are_left_alone_while_the_edit_is_at_work(host: HostWords) -> None:
    for shown in scrubbing(now(edit=DONE, busy=True), host):
        assert (shown.enabled, shown.tip) == (False, "Stop first, then go through the steps.")


@pytest.mark.parametrize("host", HOSTS)
def test_steps_can_be_gone_through_afterwards(host: HostWords) -> None:
    assert all(shown.enabled for shown in scrubbing(now(edit=DONE), host))


def test_the_timeline_ends_at_its_ends() -> None:
    first = now(edit=dataclasses.replace(DONE, step=0))
    last = now(edit=dataclasses.replace(DONE, step=60))
    assert not captions.back_button(first, ENGLISH).enabled
    assert captions.forward_button(first, ENGLISH).enabled
    assert captions.back_button(last, ENGLISH).enabled
    assert not captions.forward_button(last, ENGLISH).enabled


def test_a_kept_step_becomes_a_layer_at_once_or_with_ok() -> None:
    krita, gimp = (captions.keep_button(now(edit=DONE), ENGLISH, host) for host in HOSTS)
    assert krita.tip == "Adds this step as a layer."
    assert gimp.tip == "Adds this step as a layer when you press OK."


def test_where_the_timeline_stands_is_told_once_it_has_steps() -> None:
    assert captions.where(40, 60) == "40 / 60"
    assert captions.where(0, 0) == ""


def test_kept_steps_are_named() -> None:
    assert captions.kept_line((3, 12, 40), ENGLISH) == "Kept steps: 3, 12, 40"
    assert captions.kept_line((), ENGLISH) == ""
    assert captions.interval_unit(1, ENGLISH) == "step"
    assert captions.interval_unit(10, ENGLISH) == "steps"


# Rows.


def test_every_choice_can_be_remembered_and_every_value_chosen() -> None:
    source, region, quality = choices.SOURCE_ROWS
    values = [{value for value, _ in row.choices} for row in (source, region, quality)]
    assert values == [set(settings.SOURCES), set(settings.REGIONS), set(settings.QUALITIES)]
    assert {value for value, _ in choices.PRESET.choices} == {"", *settings.PRESETS}
    assert {value for value, _ in choices.PASTE.choices} == set(settings.PASTES)


@pytest.mark.parametrize("host", HOSTS)
def test_every_row_is_about_a_setting_and_can_be_remembered(host: HostWords) -> None:
    for row in choices.numbers(host):
        text = {row.name: str(row.high)}
        kept = settings.load(lambda name, text=text: text.get(name, ""))
        assert getattr(kept, row.name) == row.high > row.low == 0
    for combo in choices.option_choices(ENGLISH, host):
        for value, _ in combo.items:
            text = {combo.name: str(value)}
            kept = settings.load(lambda name, text=text: text.get(name, ""))
            assert getattr(kept, combo.name) == choices.setting_value(combo.name, value)


def test_the_turn_goes_both_ways_and_none_is_none() -> None:
    assert not choices.TURN.auto and (choices.TURN.low, choices.TURN.high) == (-180, 180)
    assert choices.shown_value("angle", Settings(angle=-30.0)) == -30
    assert choices.setting_value("angle", 0) == 0.0
    assert settings.load({"angle": "-180"}.get).angle == -180.0  # type: ignore[arg-type]


@pytest.mark.parametrize("switch", [choices.DETAIL, choices.SEAM])
def test_a_switch_is_about_a_setting(switch: choices.Switch) -> None:
    assert isinstance(getattr(Settings(), switch.name), bool)


def test_nothing_entered_leaves_a_number_to_the_model() -> None:
    assert choices.shown_value("hold", Settings()) == 0
    assert choices.setting_value("hold", 0.0) is None
    assert choices.setting_value("hold", 2.5) == 2.5
    assert choices.shown_value("preset", Settings()) == ""
    assert choices.setting_value("preset", "") is None
    assert choices.setting_value("language", "") == ""


def test_a_preview_rate_of_another_day_shows_the_nearest_one() -> None:
    assert choices.shown_value("preview_ms", Settings(preview_ms=60)) == 50


@pytest.mark.parametrize(
    ("host", "text"), [(KRITA, "As in Krita"), (GIMP, "As in GIMP"), (GIMP, "Wie in GIMP")]
)
def test_the_language_is_the_editors_or_one_by_its_own_name(host: HostWords, text: str) -> None:
    words = GERMAN if text.startswith("Wie") else ENGLISH
    language = choices.option_choices(words, host)[-1]
    assert language.items[0] == ("", text)
    assert ("fr", "Français") in language.items


def test_no_word_of_one_editor_is_said_in_the_other() -> None:
    krita, gimp = (" ".join(dataclasses.astuple(host)) for host in HOSTS)
    assert "GIMP" not in krita and "path" not in krita and "OK" not in krita
    assert "Krita" not in gimp and "vector" not in gimp and "canvas" not in gimp
