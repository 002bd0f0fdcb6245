"""Zooming and panning in GIMP's picture area."""

from __future__ import annotations

from math import dist
from typing import Any

import pytest

from tests.gimp_plugin import load

view = load("window.view")
View, Viewport = view.View, view.Viewport
Box = load("draggan_wire.crop").Crop

PICTURE = Box(0, 0, 400, 300)


def viewport(box: Any = PICTURE, size: tuple[float, float] = (900, 700), scale: float = 1) -> Any:
    found = Viewport()
    found.show(box)
    found.resize(*size, scale)
    return found


def test_points_go_to_the_widget_and_back() -> None:
    seen = View(2.5, 10.0, -20.0)
    assert seen.to_widget((4.0, 8.0)) == (20.0, 0.0)
    assert seen.to_document(seen.to_widget((3.25, 7.5))) == pytest.approx((3.25, 7.5))
    assert seen.place(Box(4, 8, 10, 20)) == (20.0, 0.0, 25.0, 50.0)


@pytest.mark.parametrize("box", [PICTURE, Box(1000, 500, 6000, 4000), Box(-20, 30, 10, 200)])
def test_a_picture_is_fitted_with_a_frame_and_in_the_middle(box: Any) -> None:
    left, top, width, height = viewport(box).view.place(box)
    assert left + width / 2 == pytest.approx(450) and top + height / 2 == pytest.approx(350)
    assert min(left, top) == pytest.approx(view.FRAME)


@pytest.mark.parametrize("factor", [1.25, 0.8, 7.0])
def test_what_is_under_the_pointer_stays_there(factor: float) -> None:
    found = viewport()
    at = (300.0, 222.0)
    for _ in range(3):
        before = found.view.to_document(at)
        found.zoom_by(factor, at)
        assert dist(found.view.to_widget(before), at) < 1e-6


def test_a_fitted_picture_stays_fitted_in_another_size() -> None:
    found = viewport()
    found.resize(450, 350, 1)
    assert found.view == viewport(size=(450, 350)).view


def test_a_zoomed_picture_keeps_its_middle_in_another_size() -> None:
    found = viewport()
    found.zoom_by(3, (200, 200))
    before = found.view.to_document((450, 350))
    found.resize(1000, 500, 1)
    assert found.view.to_document((500, 250)) == pytest.approx(before)


def test_another_picture_is_fitted_and_the_same_one_left_alone() -> None:
    found = viewport()
    found.zoom_by(3, (200, 200))
    zoomed = found.view
    found.show(Box(0, 0, 400, 300))
    assert found.view == zoomed
    found.show(Box(0, 0, 50, 60))
    assert found.view == viewport(Box(0, 0, 50, 60)).view


def test_the_actual_size_is_one_pixel_of_the_screen() -> None:
    found = viewport(scale=2)
    found.actual_size()
    assert found.percent == pytest.approx(100)
    assert found.view.zoom == 0.5


@pytest.mark.parametrize("way", [(9999, 0), (-9999, 0), (0, 9999), (0, -9999), (9999, 9999)])
@pytest.mark.parametrize("zoom", [1.0, 8.0, 0.25])
@pytest.mark.parametrize("box", [PICTURE, Box(1000, 500, 400, 300)])
def test_a_picture_is_never_lost_out_of_sight(
    box: Any, zoom: float, way: tuple[float, float]
) -> None:
    found = viewport(box)
    found.zoom_by(zoom, (450, 350))
    found.pan(*way)
    left, top, width, height = found.view.place(box)
    assert min(left + width, 900) - max(left, 0) >= view.IN_SIGHT - 1e-6
    assert min(top + height, 700) - max(top, 0) >= view.IN_SIGHT - 1e-6


def test_zooming_has_an_end_on_both_sides() -> None:
    found = viewport()
    fitted = found.view.zoom
    for _ in range(100):
        found.zoom_by(1.5, (450, 350))
    assert found.view.zoom == view.LARGEST
    for _ in range(100):
        found.zoom_by(0.5, (450, 350))
    assert found.view.zoom == pytest.approx(fitted * view.SMALLEST)


def test_a_huge_picture_can_be_seen_in_its_actual_size_and_whole() -> None:
    found = viewport(Box(0, 0, 30000, 20000))
    assert found.percent < 3
    found.actual_size()
    assert found.percent == pytest.approx(100)


def test_an_area_without_room_is_no_reason_to_fail() -> None:
    found = viewport(size=(1, 1))
    found.zoom_by(2, (0, 0))
    assert found.view.zoom > 0
