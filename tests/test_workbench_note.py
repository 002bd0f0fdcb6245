"""The edit that a document carries: written, read again, and what strangers may put there."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import replace
from typing import Any

import pytest
from draggan_wire import errors
from draggan_wire.workbench import note
from draggan_wire.workbench.drags import PastDrag
from draggan_wire.workbench.handles import HandleLine
from draggan_wire.workbench.strokes import MAX_POINTS, MAX_STROKES, Stroke

ARROW = HandleLine((11.5, 22.25), (30.0, 41.0))
PIN = HandleLine((12.0, 23.0), (12.0, 23.0))
NOTE = note.Note(
    terms=note.Terms(region="auto", model="critters", quality="fast", angle=-7.5),
    source=note.Source("{layer}", note.Crop(10, 20, 30, 40)),
    form="bgra16",
    lines=(ARROW, PIN),
    drags=(PastDrag(0, (ARROW,)), PastDrag(12, (ARROW, PIN))),
    trace=note.Trace("{group}", (("{first}", 12), ("{second}", 40))),
    step=40,
    data=b"\0what the daemon\xff needs",
    paste=note.Pasting("all", detail=False, seam=True),
    look="0f" * 16,
)


def head(**changes: Any) -> bytes:
    """NOTE as it is written, but for some fields; one that is None is left out."""
    raw = note.write_note(NOTE)
    (size,) = struct.unpack(">I", raw[5:9])
    fields = {**json.loads(raw[9 : 9 + size]), **changes}
    fields = {name: value for name, value in fields.items() if value is not None}
    return packed(json.dumps(fields).encode())


def packed(text: bytes, *, magic: bytes = note.MAGIC, size: int | None = None) -> bytes:
    return magic + struct.pack(">I", len(text) if size is None else size) + text + NOTE.data


def test_what_is_written_is_read_again() -> None:
    assert note.read_note(note.write_note(NOTE)) == NOTE


@pytest.mark.parametrize("at", [-1, -7, -len(NOTE.data)])
def test_a_single_damaged_byte_of_the_data_is_found(at: int) -> None:
    raw = bytearray(note.write_note(NOTE))
    raw[at] ^= 1
    with pytest.raises(errors.BadInput, match="cannot be read"):
        note.read_note(bytes(raw))


def test_a_note_of_before_there_was_a_choice_is_read_with_the_usual_one() -> None:
    old = note.read_note(head(angle=None, paste=None, look=None))
    assert (old.terms.angle, old.paste, old.look) == (0.0, note.Pasting(), "")


@pytest.mark.parametrize(
    "changes",
    [
        {"angle": 181},
        {"angle": "x"},
        {"angle": float("nan")},
        {"paste": ["some", True, True]},
        {"paste": ["all", 1, True]},
        {"paste": ["all"]},
    ],
)
def test_a_way_to_paste_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(errors.BadInput, match="cannot be read"):
        note.read_note(head(**changes))


PICTURE = note.Image("bgra16", 30, 40, bytes(range(240)) * 40)


def test_a_picture_of_its_own_is_read_again() -> None:
    own = replace(NOTE, picture=PICTURE)
    raw = note.write_note(own)
    assert note.read_note(raw) == own
    assert len(raw) < len(note.write_note(NOTE)) + len(PICTURE.data) // 10


@pytest.mark.parametrize(
    "behind",
    [
        b"x",
        zlib.compress(PICTURE.data)[:-1],
        zlib.compress(PICTURE.data) + b"x",
        zlib.compress(PICTURE.data[:-1]),
        zlib.compress(bytes(1 << 26)),
    ],
    ids=["nothing deflated", "cut off", "more behind it", "too short", "swelling"],
)
def test_a_picture_that_is_none_is_refused(behind: bytes) -> None:
    with pytest.raises(errors.BadInput, match="cannot be read"):
        note.read_note(note.write_note(NOTE) + behind)


@pytest.mark.parametrize("size", [None, -1, len(NOTE.data) + 1, True, "9"])
def test_data_of_another_size_than_is_told_are_refused(size: Any) -> None:
    with pytest.raises(errors.BadInput, match="cannot be read"):
        note.read_note(head(size=size))


def test_of_very_many_results_the_newest_are_kept() -> None:
    results = tuple((f"{{{k}}}", k) for k in range(note.MOST_RESULTS + 5))
    many = replace(NOTE, trace=note.Trace("{group}", results))
    assert note.read_note(note.write_note(many)).trace.results == results[5:]


def test_of_very_many_drags_the_newest_are_kept() -> None:
    drags = tuple(PastDrag(k, (ARROW,)) for k in range(note.MOST_DRAGS + 5))
    assert note.read_note(note.write_note(replace(NOTE, drags=drags))).drags == drags[5:]


def test_the_longest_note_that_can_be_written_can_be_read() -> None:
    """As many drags as are kept, each with as many handles as there may be, told in full."""
    far = note.FARTHEST - 1 / 3
    lines = (HandleLine((far, far), (far, far)),) * note.MAX_HANDLES
    results = ((f"{{{0:036}}}", note.FARTHEST),) * note.MOST_RESULTS
    drags = (PastDrag(note.FARTHEST, lines),) * note.MOST_DRAGS
    full = replace(NOTE, lines=lines, drags=drags, trace=note.Trace("{group}", results))
    assert note.read_note(note.write_note(full)) == full


def test_a_note_without_anything_for_the_daemon_is_a_note() -> None:
    assert note.read_note(note.write_note(replace(NOTE, data=b""))).data == b""


PAINTED = (
    Stroke(((10.0, 20.5), (-3.0, 21.5)), 12.5),
    Stroke(((14.0, 22.0),), 4.0, erase=True),
)


def test_what_was_painted_is_kept_with_the_edit() -> None:
    painted = replace(NOTE, strokes=PAINTED)
    assert note.read_note(note.write_note(painted)) == painted
    assert note.read_note(head(strokes=None)).strokes == ()  # as it was before one could paint


def test_of_very_much_paint_each_stroke_is_kept_with_fewer_points() -> None:
    way = tuple((float(k), 7.5) for k in range(MAX_POINTS))
    much = replace(NOTE, strokes=(Stroke(way, 3.0),) * MAX_STROKES)
    raw = note.write_note(much)
    strokes = note.read_note(raw).strokes
    assert len(strokes) == MAX_STROKES and len(raw) < note.MOST_JSON
    assert strokes[7].points[0] == way[0] and strokes[7].points[-1] == way[-1]


@pytest.mark.parametrize("form", ["rgba8", "graya8", "rgbaf32", "bgra16"])
def test_pixels_may_have_been_of_any_form_of_the_wire(form: str) -> None:
    assert note.read_note(head(form=form)).form == form


HOSTILE = {
    "nothing": b"",
    "cut in its length": note.MAGIC + b"\0\0",
    "of another program": packed(b"{}", magic=b"OTHER"),
    "of a newer form": packed(b"{}", magic=b"DGDK2"),
    "longer than it says": packed(b"{}", size=50_000),
    "a text without end": packed(b"{" + b" " * (note.MOST_JSON + 1) + b"}"),
    "no json": packed(b"{'model'"),
    "no text": packed(b"\xff\xfe"),
    "no fields": packed(b"[1, 2]"),
    "deep": packed(b"[" * 100_000),
    "a field less": head(model=None),
    "a model that is none": head(model=7),
    "a model without end": head(model="m" * 10_000),
    "an unknown quality": head(quality="ultra"),
    "a quality in a list": head(quality=["fast"]),
    "an unknown region": head(region="../.."),
    "an unknown form": head(form="rgb9"),
    "a crop of three": head(crop=[0, 0, 5]),
    "a crop of nothing": head(crop=[0, 0, 0, 5]),
    "a crop before the picture": head(crop=[-1, 0, 5, 5]),
    "a huge crop": head(crop=[0, 0, 1 << 40, 5]),
    "a crop of fractions": head(crop=[0, 0, 5.5, 5]),
    "a crop of truths": head(crop=[0, 0, True, True]),
    "too many handles": head(lines=[[1, 1, 2, 2]] * 1000),
    "a handle beyond all numbers": head(lines=[[10**400, 1, 2, 2]]),
    "a pin of a number without end": head(lines=[[1, 1, 2, -(10**400)]]),
    "half a handle": head(lines=[[1, 1, 2]]),
    "a handle nowhere": head(lines=[[float("nan"), 1, 2, 2]]),
    "a handle far away": head(lines=[[1, 1, float("inf"), 2]]),
    "a handle of words": head(lines=[["one", 1, 2, 2]]),
    "a handle of nothing": head(lines=[[[], 1, 2, 2]]),
    "no drags": head(drags=None),
    "drags that are none": head(drags="0"),
    "a drag without handles": head(drags=[[0]]),
    "a drag of handles that are none": head(drags=[[0, 7]]),
    "a drag of half a handle": head(drags=[[0, [[1, 1, 2]]]]),
    "a drag beyond all numbers": head(drags=[[0, [[1, 1, 10**400, 2]]]]),
    "a drag from before the first step": head(drags=[[-1, []]]),
    "a drag from a step without end": head(drags=[[10**400, []]]),
    "too many drags": head(drags=[[0, []]] * 1000),
    "paint that is none": head(strokes="all over"),
    "too many strokes": head(strokes=[[5, False, [1, 1]]] * (MAX_STROKES + 1)),
    "a stroke without end": head(strokes=[[5, False, [1.0] * (2 * MAX_POINTS + 2)]]),
    "a stroke without a point": head(strokes=[[5, False, []]]),
    "a stroke of half a point": head(strokes=[[5, False, [1, 1, 1]]]),
    "a stroke of nowhere": head(strokes=[[5, False, [1, float("nan")]]]),
    "a stroke of no width": head(strokes=[[0, False, [1, 1]]]),
    "a stroke beyond all width": head(strokes=[[1e300, False, [1, 1]]]),
    "a stroke that may erase": head(strokes=[[5, 1, [1, 1]]]),
    "results that are none": head(results={"a": 1}),
    "a result without a step": head(results=[["{a}"]]),
    "too many results": head(results=[["{a}", 1]] * 2000),
    "a step before the first": head(step=-1),
    "a step without end": head(step=10**400),
    "a step of text": head(step="40"),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_note_that_cannot_be_read_is_refused_in_a_sentence(raw: bytes) -> None:
    with pytest.raises(errors.BadInput, match="cannot be read") as refusal:
        note.read_note(raw)
    assert "place handles" in refusal.value.hint


def test_a_note_larger_than_any_edit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = note.write_note(NOTE)
    monkeypatch.setattr(note, "MOST_DATA", len(raw) - 1)
    with pytest.raises(errors.BadInput):
        note.read_note(raw)
