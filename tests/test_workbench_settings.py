"""A plugin's settings survive being kept as strings, and its report gives nobody away."""

from __future__ import annotations

import dataclasses

import pytest
from draggan_wire import messages
from draggan_wire.workbench import diagnostics, settings


def kept(values: object) -> dict[str, str]:
    strings: dict[str, str] = {}
    settings.save(values, strings.__setitem__)
    return strings


def loaded(strings: dict[str, str]) -> object:
    return settings.load(lambda name: strings.get(name, ""))


EVERYTHING = settings.Settings(
    address="ssh://box",
    model="lions",
    source="layer",
    region="selection",
    quality="best",
    preview_ms=200,
    keep_every=5,
    steps=300,
    hold=17.5,
    handle_size=3.0,
    tracking=12.0,
    speed=0.002,
    arrival=1.5,
    preset="paper",
    language="fr",
    show_box=False,
    mask="none",
    live=True,
    paste="all",
    detail=False,
    seam=True,
    angle=-12.5,
)


@pytest.mark.parametrize("values", [settings.Settings(), EVERYTHING])
def test_what_was_kept_is_loaded_again(values: object) -> None:
    assert loaded(kept(values)) == values


def test_every_setting_is_kept() -> None:
    names = {field.name for field in dataclasses.fields(settings.Settings)}
    assert set(kept(EVERYTHING)) == names
    default = settings.Settings()
    for name in names:  # else a setting could be dropped without anybody noticing
        assert getattr(EVERYTHING, name) != getattr(default, name)


def test_nothing_kept_gives_the_defaults() -> None:
    assert loaded({}) == settings.Settings()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("source", "everything"),
        ("region", ""),
        ("quality", "BEST"),
        ("preview_ms", "5"),
        ("preview_ms", "fast"),
        ("keep_every", "0"),
        ("steps", "1e3"),
        ("steps", "9" * 10_000),
        ("hold", "nan"),
        ("speed", "inf"),
        ("speed", "-0.1"),
        ("arrival", "0"),
        ("preset", "../x"),
        ("show_box", "1"),
        ("address", "x" * 501),
        ("address", "ipc:///a\nb"),
        ("language", "\x00"),
        ("model", "m" * 65),
        ("mask", "painted"),
        ("live", "yes"),
        ("paste", "some"),
        ("detail", "on"),
        ("seam", "1"),
        ("angle", "181"),
        ("angle", "nan"),
    ],
)
def test_what_makes_no_sense_is_the_default(name: str, text: str) -> None:
    strings = {**kept(EVERYTHING), name: text}
    default = getattr(settings.Settings(), name)
    assert loaded(strings) == dataclasses.replace(EVERYTHING, **{name: default})


def test_each_editor_has_its_own_defaults() -> None:
    default = settings.Settings(source="layer", steps=9)
    assert settings.load(lambda name: "", default=default) == default
    strings = {"source": "visible", "steps": "x"}
    found = settings.load(lambda name: strings.get(name, ""), default=default)
    assert (found.source, found.steps) == ("visible", 9)


def test_a_reader_that_gives_no_string_does_no_harm() -> None:
    assert settings.load(lambda name: None) == settings.Settings()


def test_what_is_set_reaches_the_daemon_under_its_own_names() -> None:
    drag = EVERYTHING.drag_settings()
    assert (drag.preset, drag.steps, drag.r1, drag.r2) == ("paper", 300, 3.0, 12.0)
    assert (drag.lambda_mask, drag.lr, drag.stop) == (17.5, 0.002, 1.5)
    assert EVERYTHING.pasting() == messages.Pasting("all", detail=False, seam=True)
    assert settings.Settings().pasting() == messages.Pasting()


def test_every_setting_that_can_be_loaded_can_be_sent() -> None:
    """The wire checks its ranges when a message is encoded: ours may not be wider."""
    extremes = {"hold": "1000000", "handle_size": "256", "tracking": "0.1", "speed": "10"}
    extremes.update(steps="100000", arrival="1000", keep_every="100000", preview_ms="1000")
    drag = loaded(extremes)
    messages.encode(
        messages.Drag(
            session="s",
            handles=((1, 1),),
            targets=((2, 2),),
            settings=drag.drag_settings(),
            keep_every=drag.keep_every,
            preview_every_ms=drag.preview_ms,
        )
    )


# The report.

FACTS = diagnostics.Facts(
    plugin="0.4",
    host="Krita 5.2.9",
    toolkit="Qt 5.15.15",
    python="3.13.5",
    platform="Linux-6.1",
    daemon="draggand 0.4, CPU, 8 threads",
    connection="connected: Connected: CPU.",
    models=("critters", "lions"),
    document="2000 x 1500 px, RGBA U8",
    settings=dataclasses.replace(EVERYTHING, address="tcp://anna:s3cret@127.0.0.1:5555?key=k"),
    messages=("No daemon answers at ipc:///home/anna/run/d.sock.",),
)


def test_the_report_says_what_helps_to_find_a_fault() -> None:
    text = diagnostics.report(FACTS, home="/home/anna")
    for fact in ("0.4", "5.2.9", "5.15.15", "3.13.5", "Linux", "critters, lions", "2000 x 1500"):
        assert fact in text
    assert "speed = 0.002" in text and "preset = paper" in text


def test_the_report_begins_with_the_editors_name() -> None:
    assert diagnostics.report(FACTS).startswith("DragGAN for Krita\n")
    gimp = dataclasses.replace(FACTS, host="GIMP 3.0.4", toolkit="GTK 3.24")
    text = diagnostics.report(gimp)
    assert text.startswith("DragGAN for GIMP\n") and "GTK 3.24" in text


def test_the_report_names_only_settings_that_were_changed() -> None:
    assert "quality" not in diagnostics.report(diagnostics.Facts())
    assert "this computer" in diagnostics.report(diagnostics.Facts())


def test_the_report_holds_no_credentials_and_no_names() -> None:
    text = diagnostics.report(FACTS, home="/home/anna")
    assert "anna" not in text and "s3cret" not in text and "key=k" not in text
    assert "tcp://127.0.0.1:5555" in text
    assert "ipc://~/run/d.sock" in text


@pytest.mark.parametrize(
    "path",
    [
        "/home/anna/x.kra",
        "/Users/anna/x.kra",
        "C:\\Users\\anna\\x.kra",
        "c:/users/anna/x.kra",
        "/work/anna/x.kra",  # the home folder itself, wherever it lies
        "File '/home/anna/x.kra', line 3",
        "C:\\Users\\anna b\\x.kra",
    ],
)
def test_no_path_names_the_user(path: str) -> None:
    text = diagnostics.without_names(path, home="/work/anna")
    assert "anna" not in text and " b" not in text and "x.kra" in text


def test_a_home_folder_at_the_root_changes_nothing() -> None:
    assert diagnostics.without_names("/usr/lib", home="/") == "/usr/lib"
    assert diagnostics.without_names("/work/annabel", home="/work/anna") == "/work/annabel"
