"""The baselines behave as the code they stand for, habits included."""

from __future__ import annotations

import torch

from draggan.reference import FullMapFixedRegion, FullMapMotion, NearestTracker, enlarge

from .test_tracking import bumps

SIZE = (96, 96)


def test_the_nearest_pixel_is_found_on_the_enlarged_map():
    handles = torch.tensor([[40.5, 52.5]])
    for norm in (1, 2):
        tracker = NearestTracker(bumps((0, 0)), handles, SIZE, radius=12, norm=norm)
        found = tracker.track(bumps((1.0, -0.5)), handles).points
        assert (found - torch.tensor([[44.5, 50.5]])).abs().max() <= 1


def test_the_search_stops_at_the_pictures_edge():
    handles = torch.tensor([[6.5, 90.5]])
    tracker = NearestTracker(bumps((0, 0)), handles, SIZE, radius=12, norm=2)
    found = tracker.track(bumps((0, 0)), handles).points
    torch.testing.assert_close(found, handles)


def test_points_within_a_pixel_of_the_target_are_left_alone():
    motion = FullMapMotion(SIZE, radius=3)
    p = torch.tensor([[48.5, 48.5]])
    assert motion.loss(bumps((0, 0)), p, p + 0.5).item() == 0
    assert motion.loss(bumps((0, 0)), p, p + 9.0).item() > 0


def test_the_released_disc_is_looked_for_on_a_stretched_grid():
    plain, stretched = (FullMapMotion(SIZE, radius=3, stretched=s) for s in (False, True))
    assert plain.places is plain.pixels and plain.pixels[5, 7].tolist() == [7, 5]
    assert stretched.places[0, 0].tolist() == [0, 0]
    assert stretched.places[95, 95].tolist() == [96, 96]
    torch.testing.assert_close(stretched.places[5, 7], torch.tensor([7.0, 5.0]) * 96 / 95)


def test_the_fixed_regions_term_is_a_mean_over_the_whole_map():
    start, moved = bumps((0, 0)), bumps((0.5, 0))
    mask = torch.ones(96, 96)
    mask[:, :48] = 0
    change = (enlarge(moved, SIZE) - enlarge(start, SIZE)).abs()
    expected = change[..., :48].sum() / change.numel()
    torch.testing.assert_close(FullMapFixedRegion(start, mask).loss(moved), expected)
