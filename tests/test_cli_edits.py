"""Edits at the command line: how well a picture is known, how it is pasted, files to reopen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from draggan_wire.crop import Crop
from draggan_wire.messages import Pasting
from draggan_wire.workbench.note import Note
from PIL import Image as Pil

from draggan.cli import main
from draggan.cli.edit_file import read_edit

from .cli_stage import Serve, drag, painted_photo, pixels, place, served
from .fake_engine import SAVED

HANDLE = ("--handle", "10,20:40,20")
POOR = "poor: this model does not know such pictures, expect little of a drag"


@pytest.fixture
def folder() -> Iterator[Path]:
    with place() as folder:
        yield folder


@pytest.fixture
def serve(folder: Path) -> Iterator[Serve]:
    with served(folder) as serve:
        yield serve


@pytest.fixture
def photo(folder: Path) -> Path:
    return painted_photo(folder)


# How well the model knows the picture.


def test_how_well_the_picture_is_known_is_said_before_the_drag(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve().verdict = "close"
    drag(photo, *HANDLE)
    said = capsys.readouterr().err
    assert said.count("How well the model knows it: close\n") == 1
    assert said.index("knows it") < said.index("Dragging") and "--crop" not in said


def test_a_poor_likeness_says_what_to_do_and_the_drag_goes_on(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve().verdict = POOR
    assert drag(photo, *HANDLE) == 0
    said = capsys.readouterr().err
    assert POOR in said and said.count("--crop") == 1 and "--model" in said
    assert said.index("--crop") < said.index("Dragging")


def test_what_is_to_know_of_the_picture_is_said_once(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve().notes = ("It has holes.",)
    drag(photo, *HANDLE)
    assert capsys.readouterr().err.count("Note: It has holes.\n") == 1


@pytest.mark.parametrize(("crop", "times"), [("0,0,50,48", 1), ("whole", 0), ("20,0,44,48", 0)])
def test_what_is_cut_off_beyond_the_crop_is_told_once(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str], crop: str, times: int
) -> None:
    serve().cut = ("right",)
    drag(photo, "--handle", "30,20:40,20", "--crop", crop)
    assert capsys.readouterr().err.count("make --crop larger.") == times


def test_what_is_cut_off_is_told_of_an_edit_that_is_only_opened(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve().cut = ("area",)
    edit = photo.parent / "a.edit"
    drag(photo, *HANDLE, "--save", str(edit))
    capsys.readouterr()
    assert main(["reopen", str(edit), str(photo), "--out", str(photo.parent / "out")]) == 0
    assert capsys.readouterr().err.count("Drag it less far.") == 1


def test_what_the_model_sees_comes_with_the_results(serve: Serve, photo: Path) -> None:
    serve().verdict = "close"
    drag(photo, *HANDLE)
    out = photo.parent / "out"
    assert pixels(out / "model.png").shape == (6, 8, 3) and (pixels(out / "model.png") == 9).all()
    assert json.loads((out / "edit.json").read_text())["likeness"] == 0.25


def test_a_drag_waits_for_all_that_can_be_learnt_but_a_fast_one(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = serve(refining_steps=4, seconds=0.05)
    drag(photo, *HANDLE)
    out = photo.parent / "out"
    assert "Looking closer at the picture" in capsys.readouterr().err
    assert json.loads((out / "edit.json").read_text())["inversion_psnr"] == 34.0
    assert engine.steps_taken == 3 + 4 + 10
    drag(photo, *HANDLE, "--quality", "fast")
    assert "closer" not in capsys.readouterr().err


# How it is pasted.


def test_pasting_and_turn_travel_and_are_noted(serve: Serve, photo: Path) -> None:
    engine = serve()
    drag(photo, *HANDLE, "--paste", "all", "--no-detail", "--improve-seam", "--turn", "-30")
    assert engine.asked.paste == Pasting("all", detail=False, seam=True)
    assert engine.opened.angle == -30.0
    options = json.loads((photo.parent / "out" / "edit.json").read_text())["options"]
    told = [options[name] for name in ("paste", "detail", "seam", "turn")]
    assert told == ["all", False, True, -30.0]


def test_only_what_moved_is_pasted_with_its_detail_where_nothing_else_is_said(
    serve: Serve, photo: Path
) -> None:
    engine = serve()
    drag(photo, *HANDLE)
    assert engine.asked.paste == Pasting() and engine.opened.angle == 0.0


def test_where_the_picture_goes_on_beyond_the_crop_is_told(serve: Serve, photo: Path) -> None:
    engine = serve()
    drag(photo, *HANDLE, "--crop", "0,0,45,30")
    assert engine.asked.paste == Pasting(goes_on=("right", "bottom"))


@pytest.mark.parametrize("degrees", ["181", "nan", "upright"])
def test_no_picture_is_turned_by_what_is_no_angle(
    photo: Path, degrees: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drag(photo, *HANDLE, "--turn", degrees) == 2
    assert "--turn" in capsys.readouterr().err


# What is said of a pin.


def test_a_pin_that_was_carried_away_has_not_held(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve().drift = 3.0
    drag(photo, *HANDLE, "--pin", "3,3")
    assert "pin 3,3: not held, moved by 3.0 px" in capsys.readouterr().out


# An edit in a file.


def reopen(photo: Path, *words: str) -> int:
    edit = photo.parent / "photo.draggan"
    return main(["reopen", str(edit), str(photo), "--out", str(photo.parent / "later"), *words])


def saved(photo: Path, *words: str) -> Note:
    edit = photo.parent / "photo.draggan"
    assert drag(photo, "--handle", "10,20:40,20", "--save", str(edit), *words) == 0
    return read_edit(edit)


def test_an_edit_is_kept_in_a_file_without_its_picture(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve()
    note = saved(photo, "--crop", "4,6,60,40", "--quality", "fast")
    assert (note.terms.model, note.terms.quality, note.form) == ("tiny", "fast", "rgb8")
    assert note.source.crop == Crop(4, 6, 60, 40) and note.data == SAVED and note.picture is None
    again = f"`draggan reopen {photo.parent / 'photo.draggan'} {photo}` goes on."
    assert again in capsys.readouterr().err


def test_an_edit_goes_on_with_its_picture_and_its_area(serve: Serve, photo: Path) -> None:
    engine = serve()
    saved(photo, "--crop", "4,6,60,40", "--quality", "fast")
    assert reopen(photo, "--handle", "30,20:40,20") == 0
    asked = engine.opened
    assert asked.saved.data == SAVED and (asked.model, asked.quality) == ("tiny", "fast")
    assert asked.image.data == pixels(photo)[6:46, 4:64].tobytes()
    assert engine.asked.handles == ((26.0, 14.0),)
    assert len(list((photo.parent / "later").iterdir())) == 5


def test_an_edit_without_new_handles_is_written_as_it_was(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = serve()
    saved(photo, "--paste", "all", "--turn", "20")
    del engine.asked
    assert reopen(photo) == 0
    assert engine.sought.paste == Pasting("all") and engine.sought.step == 2
    assert not hasattr(engine, "asked") and (pixels(photo.parent / "later/result.png") == 2).all()
    assert "the edit as it was saved" in capsys.readouterr().out


def test_another_picture_than_the_one_that_was_dragged_is_taken_with_a_word(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve()
    saved(photo)
    reopen(photo)
    assert "not the very picture" not in capsys.readouterr().err
    Pil.fromarray(pixels(photo)[::-1]).save(photo)
    assert reopen(photo) == 0
    assert "not the very picture that was dragged" in capsys.readouterr().err


def test_files_that_are_no_edits_are_refused_in_words(
    photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit = photo.parent / "photo.draggan"
    assert reopen(photo) == 2
    assert "There is no file" in capsys.readouterr().err
    for data in (b"", b"nonsense", b"DGDK1" + bytes(100)):
        edit.write_bytes(data)
        assert reopen(photo) == 2
        assert "is no edit that was saved, or it is damaged" in capsys.readouterr().err


def test_a_picture_that_is_too_small_for_an_edit_is_refused(
    serve: Serve, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve()
    saved(photo)
    Pil.fromarray(pixels(photo)[:-4]).save(photo)
    assert reopen(photo) == 2
    assert "too few for the edit that was saved" in capsys.readouterr().err


def test_an_edit_of_another_day_is_pasted_as_it_was_unless_said_otherwise(
    serve: Serve, photo: Path
) -> None:
    engine = serve()
    note = saved(photo, "--improve-seam", "--turn", "20")
    assert (note.terms.angle, note.paste) == (20.0, Pasting(seam=True))
    assert reopen(photo, "--handle", "30,20:40,20", "--paste", "all") == 0
    assert engine.asked.paste == Pasting("all", seam=True)
