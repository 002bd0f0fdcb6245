"""What is painted as "may move"."""

from __future__ import annotations

import pytest
from draggan_wire.workbench.strokes import MAX_POINTS, MAX_STROKES, Stroke, Strokes


def painted(*ways: list[tuple[float, float]], radius: float = 10.0) -> Strokes:
    strokes = Strokes()
    for way in ways:
        strokes.begin(way[0], radius)
        for point in way[1:]:
            strokes.extend(point)
    return strokes


def test_a_stroke_is_the_way_from_press_to_release() -> None:
    strokes = painted([(1.0, 2.0), (5.0, 2.0), (9.0, 4.0)])
    assert strokes.strokes == (Stroke(((1.0, 2.0), (5.0, 2.0), (9.0, 4.0)), 10.0),)
    assert not strokes.empty


def test_every_change_shows_in_the_revision_and_nothing_else_does() -> None:
    strokes = painted([(0.0, 0.0)])
    seen = [strokes.revision]
    strokes.extend((5.0, 0.0))
    seen.append(strokes.revision)
    strokes.clear()
    seen.append(strokes.revision)
    assert len(set(seen)) == 3
    strokes.clear()
    assert strokes.revision == seen[-1]


def test_points_that_add_nothing_to_a_stroke_are_left_away() -> None:
    strokes = painted([(0.0, 0.0), (0.4, 0.0), (0.6, 0.0)])
    assert strokes.strokes[0].points == ((0.0, 0.0), (0.6, 0.0))


def test_erasing_where_nothing_is_painted_leaves_nothing() -> None:
    strokes = Strokes()
    strokes.begin((1.0, 1.0), 5.0, erase=True)
    strokes.extend((9.0, 9.0))
    assert strokes.empty and strokes.revision == 0


def test_an_eraser_is_a_stroke_of_its_own_over_what_is_painted() -> None:
    strokes = painted([(0.0, 0.0), (9.0, 0.0)])
    strokes.begin((5.0, 0.0), 2.0, erase=True)
    assert strokes.strokes[1] == Stroke(((5.0, 0.0),), 2.0, erase=True)


def test_a_stroke_ends_quietly_when_it_is_too_long() -> None:
    strokes = painted([(float(x), 0.0) for x in range(MAX_POINTS + 5)])
    assert len(strokes.strokes[0].points) == MAX_POINTS
    strokes.replace(strokes.strokes)


def test_one_stroke_too_many_is_left_away_quietly() -> None:
    strokes = painted(*[[(float(x), 0.0)] for x in range(MAX_STROKES)])
    kept = strokes.strokes
    strokes.begin((5.0, 5.0), 1.0)
    strokes.extend((50.0, 5.0))
    assert strokes.strokes == kept


def test_what_others_put_in_place_ends_a_stroke_under_way() -> None:
    strokes = painted([(0.0, 0.0)])
    other = Stroke(((7.0, 7.0),), 3.0)
    strokes.replace([other])
    strokes.extend((50.0, 50.0))
    assert strokes.strokes == (other,)


@pytest.mark.parametrize(
    "many",
    [
        [Stroke(((0.0, 0.0),), 1.0)] * (MAX_STROKES + 1),
        [Stroke(((0.0, 0.0),) * (MAX_POINTS + 1), 1.0)],
    ],
)
def test_more_strokes_than_there_may_be_are_refused(many: list[Stroke]) -> None:
    with pytest.raises(ValueError):
        Strokes().replace(many)
