"""Arrows from lines that were drawn on a vector layer, in SVG as Krita writes it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.krita_plugin import fake_krita, load

fake_krita()
vector_lines = load("host.vector_lines")
errors = load("draggan_wire.errors")
HandleLine = load("draggan_wire.workbench.handles").HandleLine

LINE = '<path id="shape0" transform="translate(24, 24)" fill="none" d="M0 0L24 0"/>'
RECT = '<rect transform="translate(2, 2)" width="9" height="9"/>'
ends = vector_lines.line_in_svg


def document_with(*svgs: str, ppi: float = 72.0) -> Any:
    document = fake_krita().open(300, 200, ppi=ppi)
    layer = document.createNode("Lines", "vectorlayer")
    layer.svgs = list(svgs)
    document.rootNode().addChildNode(layer, None)
    document.settle()
    return document


def path(data: str, transform: str = "") -> str:
    return f'<path id="shape1" {transform and f"transform={transform!r}"} d="{data}"/>'.replace(
        "'", '"'
    )


def test_a_line_goes_from_where_it_was_begun_to_where_it_ended() -> None:
    lines = vector_lines.lines_of(document_with(LINE))
    assert lines == [HandleLine((24.0, 24.0), (48.0, 24.0))]
    assert ends(path("M24 0L0 0", "translate(24, 24)")) == ((48.0, 24.0), (24.0, 24.0))


def test_shapes_are_measured_in_points_and_handles_in_pixels() -> None:
    assert vector_lines.lines_of(document_with(LINE, ppi=144.0)) == [
        HandleLine((48.0, 48.0), (96.0, 48.0))
    ]


def test_the_order_in_which_they_were_drawn_stays() -> None:
    second = path("M0 0L0 30", "translate(5, 6)")
    lines = vector_lines.lines_of(document_with(LINE, second))
    assert [line.start for line in lines] == [(24.0, 24.0), (5.0, 6.0)]


def test_other_shapes_are_ignored() -> None:
    assert len(vector_lines.lines_of(document_with(RECT, LINE, "<text>d</text>"))) == 1


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        ("", ((10, 0), (20, 0))),
        ("translate(3, 4)", ((13, 4), (23, 4))),
        ("translate(3)", ((13, 0), (23, 0))),
        ("translate(-3.5e1,4)", ((-25, 4), (-15, 4))),
        ("scale(2)", ((20, 0), (40, 0))),
        ("scale(2, 3)", ((20, 0), (40, 0))),
        ("rotate(90)", ((0, 10), (0, 20))),
        ("rotate(-90)", ((0, -10), (0, -20))),
        ("matrix(0 1 -1 0 5 6)", ((5, 16), (5, 26))),
        ("matrix(2, 0, 0, 1, 100, 1)", ((120, 1), (140, 1))),
    ],
)
def test_a_line_that_was_moved_turned_or_scaled(transform: str, expected: Any) -> None:
    found = ends(path("M10 0L20 0", transform))
    assert found is not None
    for point, wanted in zip(found, expected, strict=True):
        assert point == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(
    "data",
    [
        "M0 0L24 12",
        "M 0,0 L 24,12",
        "m0 0l24 12",
        "M0 0l24 12Z",
        "M0 0C5 0 20 12 24 12",
        "M0 0c5 0 20 12 24 12",
        "M0 0L2.4e1 1.2e+1",
    ],
)
def test_the_ways_of_writing_one_piece_of_a_path(data: str) -> None:
    assert ends(path(data)) == ((0.0, 0.0), (24.0, 12.0))


def test_lines_along_one_axis_only() -> None:
    assert ends(path("M3 4H20")) == ((3.0, 4.0), (20.0, 4.0))
    assert ends(path("M3 4v6")) == ((3.0, 4.0), (3.0, 10.0))


@pytest.mark.parametrize(
    "svg",
    [RECT, "", path(""), path("M0 0"), path("M0 0L1 1L2 2"), path("M0 0A5 5 0 0 1 9 9"), path("L")],
)
def test_what_is_no_single_line_is_none(svg: str) -> None:
    assert ends(svg) is None


ENDLESS = {
    "a path": path("M0 0L1e999 0"),
    "a path along one axis": path("M0 0H-1e999"),
    "a relative path": path("M1e308 0l1e308 0"),
    "a way": path("M0 0L24 0", "translate(1e999, 0)"),
    "a scale": path("M0 0L24 0", "scale(1e999)"),
    "a turn": path("M0 0L24 0", "rotate(1e999)"),
    "a matrix": path("M1 0L24 0", "matrix(1e999 0 0 1 0 0)"),
    "a product": path("M1e200 0L24 0", "scale(1e200)"),
}


@pytest.mark.parametrize("svg", ENDLESS.values(), ids=ENDLESS.keys())
def test_numbers_beyond_all_bounds_are_no_line(svg: str) -> None:
    assert ends(svg) is None
    assert vector_lines.lines_of(document_with(svg, LINE)) == [
        HandleLine((24.0, 24.0), (48.0, 24.0))
    ]


def test_a_layer_of_such_lines_alone_is_refused() -> None:
    with pytest.raises(errors.BadInput, match="no straight lines"):
        vector_lines.lines_of(document_with(*ENDLESS.values()))


def test_a_dot_is_a_pin() -> None:
    (line,) = vector_lines.lines_of(document_with(path("M0 0L0.5 0.5", "translate(24, 24)")))
    assert line.pinned and line.start == (24.0, 24.0)


def test_what_reaches_beyond_the_picture_ends_at_its_edge() -> None:
    (line,) = vector_lines.lines_of(document_with(path("M-50 20L500 900")))
    assert line == HandleLine((0.0, 20.0), (300.0, 200.0))


def test_of_too_many_lines_the_first_are_taken() -> None:
    most = load("draggan_wire.messages").MAX_HANDLES
    assert len(vector_lines.lines_of(document_with(*[LINE] * (most + 5)))) == most


def test_a_painted_layer_is_refused_with_a_remedy() -> None:
    with pytest.raises(errors.BadInput, match="no vector layer") as refusal:
        vector_lines.lines_of(fake_krita().open())
    assert "line tool" in refusal.value.hint


@pytest.mark.parametrize("svgs", [(), (RECT,)])
def test_a_vector_layer_without_lines_is_refused(svgs: tuple[str, ...]) -> None:
    with pytest.raises(errors.BadInput, match="no straight lines"):
        vector_lines.lines_of(document_with(*svgs))
