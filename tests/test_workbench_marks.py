"""Which marks a drawing consists of, in which order, and where."""

from __future__ import annotations

import random
from math import dist

import pytest
from draggan_wire.workbench.colours import HALO_COLOUR, OUTLINE_COLOUR, STATUS_COLOURS
from draggan_wire.workbench.drawing import (
    BADGE_AWAY,
    BADGE_RADIUS,
    HALO,
    HANDLE_RADIUS,
    LABEL_AWAY,
    LABEL_AWAY_SELECTED,
    LINE,
    MARGIN,
    OUTLINE,
    PIN_RADIUS,
    START_RADIUS,
    TARGET_RADIUS,
    TRAIL_POINTS,
    TRAIL_STEP,
    Drawing,
)
from draggan_wire.workbench.handles import Grip, HandleLine
from draggan_wire.workbench.ink import COVERED, DASHED, Coat, Ink
from draggan_wire.workbench.marks import ToWidget, bounds, ink_of
from draggan_wire.workbench.shapes import Circle, Hook, Label, Polyline, Shape, arrow

Point = tuple[float, float]

ARROW = HandleLine((40.0, 40.0), (140.0, 40.0))
OTHER = HandleLine((60.0, 200.0), (260.0, 130.0))
PIN = HandleLine((200.0, 100.0), (200.0, 100.0))
PLACED, PINNED = STATUS_COLOURS["placed"], STATUS_COLOURS["pinned"]


def same(point: Point) -> Point:
    return point


def turned(point: Point) -> Point:
    """By a quarter, twice as large, and to the right."""
    return 500.0 - 2 * point[1], 2 * point[0]


def filled(ink: Ink, colour: str) -> list[Shape]:
    coats = [coat for coat in ink.coats if coat.width is None and coat.colour == colour]
    return [ink.shapes[coat.shape] for coat in coats]


def drawn(ink: Ink, colour: str) -> list[Shape]:
    coats = [coat for coat in ink.coats if coat.width is not None and coat.colour == colour]
    return [ink.shapes[coat.shape] for coat in coats]


def coats_of(ink: Ink, shape: Shape) -> list[Coat]:
    return [coat for coat in ink.coats if ink.shapes[coat.shape] == shape]


def points_of(shape: Shape) -> tuple[Point, ...]:
    """Some of what a shape reaches."""
    if isinstance(shape, Polyline):
        return shape.points
    if isinstance(shape, Label):
        return (shape.middle,)
    (x, y), radius = shape.centre, shape.radius
    return (x - radius, y), (x + radius, y), (x, y - radius), (x, y + radius)


# What there is.


def test_an_arrow_is_a_disc_a_shaft_a_head_and_an_open_ring() -> None:
    ink = ink_of(Drawing((ARROW,)), same)
    disc, head = filled(ink, PLACED)
    shaft, ring = drawn(ink, PLACED)
    assert disc == Circle((40.0, 40.0), HANDLE_RADIUS)
    assert ring == Circle((140.0, 40.0), TARGET_RADIUS)
    assert isinstance(head, Polyline) and head.closed
    assert head.points[0] == (140.0 - TARGET_RADIUS, 40.0), "the tip touches the ring"
    assert isinstance(shaft, Polyline) and shaft.points[0] == (40.0, 40.0)
    assert shaft.points[1][0] == head.points[1][0] == head.points[2][0]


def test_an_arrow_without_room_is_only_a_disc_and_a_ring() -> None:
    ink = ink_of(Drawing((HandleLine((40.0, 40.0), (50.0, 45.0)),)), same)
    assert set(ink.shapes) == {
        Circle((40.0, 40.0), HANDLE_RADIUS),
        Circle((50.0, 45.0), TARGET_RADIUS),
    }
    assert arrow((40.0, 40.0), (40.0, 40.0)) is None


def test_a_pin_is_a_diamond_in_a_colour_of_its_own() -> None:
    ink = ink_of(Drawing((PIN,)), same)
    (diamond,) = filled(ink, PINNED)
    assert isinstance(diamond, Polyline) and diamond.closed and len(diamond.points) == 4
    assert {dist(point, PIN.start) for point in diamond.points} == {PIN_RADIUS}


def test_while_it_is_dragged_a_handle_is_where_it_is_now_with_the_way_it_came() -> None:
    drawing = Drawing((ARROW,), None, None, ((90.0, 90.0),), (((40.0, 90.0),),), ("moving",))
    ink = ink_of(drawing, same)
    colour = STATUS_COLOURS["moving"]
    assert Circle((90.0, 90.0), HANDLE_RADIUS) in filled(ink, colour)
    assert Polyline(((40.0, 40.0), (40.0, 90.0), (90.0, 90.0))) in drawn(ink, colour)
    assert filled(ink, HALO_COLOUR) == [Circle((40.0, 40.0), START_RADIUS)]
    (dot,) = (ink.shapes[coat.shape] for coat in ink.coats[-1:])
    assert isinstance(dot, Circle) and dot.centre == (90.0, 90.0) and dot.radius < 1
    shaft = arrow((90.0, 90.0), ARROW.target)
    assert shaft is not None and shaft[0] in drawn(ink, colour), "what is left to go"


def test_of_a_long_trail_only_so_many_points_are_drawn_and_none_close_together() -> None:
    trail = tuple((40.0 + i, 40.0 + 50 * (i % 2)) for i in range(1000))
    drawing = Drawing((ARROW,), None, None, ((90.0, 90.0),), (trail,), ("moving",))
    for scale, most in ((1.0, TRAIL_POINTS + 2), (0.01, 5)):
        ink = ink_of(drawing, lambda point, by=scale: (point[0] * by, point[1] * by))
        way = max((s for s in ink.shapes if isinstance(s, Polyline)), key=lambda s: len(s.points))
        assert 3 < len(way.points) <= most
        steps = zip(way.points[:-2], way.points[1:-1], strict=True)
        assert all(abs(a[0] - b[0]) + abs(a[1] - b[1]) >= TRAIL_STEP for a, b in steps)


@pytest.mark.parametrize("status, signs", [("reached", 1), ("stuck", 1), ("lost", 2)])
def test_how_a_handle_stands_is_signed_on_a_badge_above_its_arrow(status: str, signs: int) -> None:
    for line, middle in (
        (ARROW, (90.0, 40.0 - BADGE_AWAY)),
        (HandleLine((140.0, 40.0), (40.0, 40.0)), (90.0, 40.0 - BADGE_AWAY)),
        (
            HandleLine((90.0, 40.0), (90.0, 40.0)),
            (90.0 + BADGE_AWAY * 0.7, 40.0 - BADGE_AWAY * 0.7),
        ),
    ):
        ink = ink_of(Drawing((line,), points=((90.0, 40.0),), statuses=(status,)), same)
        badge = Circle(middle, BADGE_RADIUS)
        assert badge in filled(ink, STATUS_COLOURS[status])
        last = [ink.shapes[coat.shape] for coat in ink.coats[-signs:]]
        assert all(coat.colour == OUTLINE_COLOUR for coat in ink.coats[-signs:])
        for shape in last:
            assert all(dist(point, middle) < BADGE_RADIUS for point in points_of(shape))
        assert any(isinstance(shape, Hook) for shape in last) is (status == "lost")


def test_a_handle_that_is_only_under_way_has_no_badge() -> None:
    badge = Circle((90.0, 40.0 - BADGE_AWAY), BADGE_RADIUS)
    for status in ("placed", "moving", "of a newer daemon"):
        drawing = Drawing((ARROW,), points=((90.0, 40.0),), statuses=(status,))
        assert badge not in ink_of(drawing, same).shapes


def test_handles_are_numbered_behind_them_when_there_are_several() -> None:
    assert not any(isinstance(shape, Label) for shape in ink_of(Drawing((ARROW,)), same).shapes)
    first, second = filled(ink_of(Drawing((ARROW, PIN)), same), HALO_COLOUR)
    assert isinstance(first, Label) and isinstance(second, Label)
    assert (first.text, second.text) == ("1", "2")
    assert first.middle[0] < ARROW.start[0] and first.middle[1] == ARROW.start[1]
    assert dist(second.middle, PIN.start) < MARGIN


def test_what_is_selected_has_a_second_edge_and_bolder_lines() -> None:
    plain, selected = ink_of(Drawing((ARROW,)), same), ink_of(Drawing((ARROW,), selected=0), same)
    assert len(selected.shapes) == len(plain.shapes) + 1
    widest = [max(coat.width or 0.0 for coat in ink.coats) for ink in (plain, selected)]
    assert widest[0] == LINE + HALO < widest[1]
    (edge,) = drawn(ink_of(Drawing((PIN,), selected=0), same), PINNED)
    assert all(dist(point, PIN.start) > PIN_RADIUS + 5 for point in points_of(edge))


def test_the_number_makes_room_for_the_edge_of_what_is_selected() -> None:
    away = [
        dist(shape.middle, ARROW.start)
        for chosen in (None, 0)
        for shape in ink_of(Drawing((ARROW, PIN), selected=chosen), same).shapes
        if isinstance(shape, Label) and shape.text == "1"
    ]
    assert away == [LABEL_AWAY, LABEL_AWAY_SELECTED]


def test_the_end_under_the_pointer_is_larger_and_only_that() -> None:
    plain = {s for s in ink_of(Drawing((ARROW,)), same).shapes if isinstance(s, Circle)}
    for end, middle in (("start", ARROW.start), ("target", ARROW.target)):
        ink = ink_of(Drawing((ARROW,), hovered=Grip(0, end)), same)
        (grown,) = {s for s in ink.shapes if isinstance(s, Circle)} - plain
        (usual,) = (circle for circle in plain if circle.centre == middle)
        assert grown.centre == middle and grown.radius > usual.radius


def test_lists_of_different_lengths_are_drawn_as_far_as_they_go() -> None:
    ink = ink_of(Drawing((), points=((1.0, 1.0), (9.0, 9.0)), statuses=("moving",)), same)
    assert Circle((1.0, 1.0), HANDLE_RADIUS) in filled(ink, STATUS_COLOURS["moving"])
    assert Circle((9.0, 9.0), HANDLE_RADIUS) in filled(ink, PLACED)
    few = Drawing((ARROW, PIN), 7, Grip(9, "start"), ((1.0, 1.0),), ((), (), ((3.0, 3.0),)))
    assert ink_of(few, same).coats


# In which order.


def test_every_shape_lies_upon_a_dark_outline_upon_a_light_halo() -> None:
    ink = ink_of(Drawing((ARROW,)), same)
    for shape in ink.shapes:
        halo, outline, colour = coats_of(ink, shape)
        width = colour.width or 0.0
        assert (halo.colour, halo.width) == (HALO_COLOUR, width + HALO)
        assert (outline.colour, outline.width) == (OUTLINE_COLOUR, width + OUTLINE)
        assert colour.colour == PLACED
    colours = [coat.colour for coat in ink.coats]
    in_passes = sorted(colours, key=[HALO_COLOUR, OUTLINE_COLOUR, PLACED].index)
    assert colours == in_passes, "no halo lies over the colour of another shape"


def test_the_selected_handle_lies_over_the_others_and_the_box_under_all() -> None:
    drawing = Drawing((OTHER, ARROW, PIN), selected=0, box=(0.0, 0.0, 300.0, 220.0))
    ink = ink_of(drawing, same)
    places = [ink.shapes[coat.shape] for coat in ink.coats]
    labels = [shape.text for shape in places if isinstance(shape, Label)]
    assert labels == ["2", "3"] * 3 + ["1"] * 3
    corners = ((0.0, 0.0), (300.0, 0.0), (300.0, 220.0), (0.0, 220.0))
    assert places[:2] == [Polyline(corners, closed=True)] * 2
    light, dark = ink.coats[:2]
    assert light.opacity < dark.opacity == 1.0 and dark.pen == DASHED


def test_only_ends_that_lie_under_other_marks_may_be_flat() -> None:
    ink = ink_of(Drawing((ARROW,), points=((90.0, 40.0),), statuses=("stuck",)), same)
    for coat in ink.coats:
        shape = ink.shapes[coat.shape]
        if coat.pen == COVERED:
            assert isinstance(shape, Polyline)
            assert set(shape.points) & {ARROW.start, (90.0, 40.0)}
    shaft = arrow((90.0, 40.0), ARROW.target)
    assert shaft is not None
    assert {coat.pen for coat in coats_of(ink, shaft[0])} == {COVERED}, "that is quicker"
    assert ink.coats[-1].pen != COVERED, "the bar of a handle that is stuck"


# Where.


def test_marks_lie_where_the_view_shows_their_points_and_do_not_grow() -> None:
    near, far = ink_of(Drawing((ARROW, PIN)), same), ink_of(Drawing((ARROW, PIN)), turned)
    pairs = list(zip(near.shapes, far.shapes, strict=True))
    circles = [(a, b) for a, b in pairs if isinstance(a, Circle) and isinstance(b, Circle)]
    assert len(circles) == 3
    assert all(b == Circle(turned(a.centre), a.radius) for a, b in circles)
    assert near.coats == far.coats


@pytest.mark.parametrize("view", [same, turned])
def test_nothing_reaches_beyond_the_bounds(view: ToWidget) -> None:
    draw = random.Random(3)
    for _ in range(100):
        any_point = [(draw.uniform(0, 400), draw.uniform(0, 400)) for _ in range(20)]
        lines = (HandleLine(*any_point[:2]), HandleLine(*any_point[2:4]), PIN)
        statuses = tuple(draw.choices(("moving", "reached", "stuck", "lost"), k=3))
        grip = Grip(draw.randrange(3), draw.choice(("start", "target")))
        drawing = Drawing(
            lines, draw.choice((None, 0, 2)), grip, tuple(any_point[4:7]),
            (tuple(any_point[7:12]),), statuses, draw.choice((None, (10.0, 10.0, 90.0, 70.0))),
        )  # fmt: skip
        ink, found = ink_of(drawing, view), bounds(drawing, view)
        assert found is not None
        left, top, width, height = found
        for coat in ink.coats:
            reach = (coat.width or 0.0) / 2
            for x, y in points_of(ink.shapes[coat.shape]):
                assert left <= x - reach and x + reach <= left + width
                assert top <= y - reach and y + reach <= top + height


def test_an_empty_drawing_has_neither_ink_nor_bounds() -> None:
    assert ink_of(Drawing(), same) == Ink()
    assert bounds(Drawing(), same) is None
    tilted = bounds(Drawing(box=(10.0, 20.0, 30.0, 60.0), turn=90.0), same)
    assert tilted == pytest.approx((-MARGIN, 30.0 - MARGIN, 40.0 + 2 * MARGIN, 20.0 + 2 * MARGIN))
    assert bounds(Drawing(box=(10.0, 20.0, 30.0, 60.0)), same) == (
        *(10.0 - MARGIN, 20.0 - MARGIN),
        *(20.0 + 2 * MARGIN, 40.0 + 2 * MARGIN),
    )
