"""Which cells windows hold and depend on: plans, starts, crops."""

from __future__ import annotations

import pytest
import torch

from draggan import ops
from draggan.windows import (
    LayerShape,
    aligned,
    cells,
    crop,
    plan_windows,
    starts,
    window_length,
    window_start,
)

# The layers of a wide 128 px network: 4, then two each at 8, 16, 32, 64 and 128 px.
WIDE = [LayerShape(False, 512, 512, (4, 4))]
for _size in (8, 16, 32, 64, 128):
    WIDE += [LayerShape(up, 512, 512, (_size, _size)) for up in (True, False)]


def test_one_window_costs_least_from_a_small_map_on():
    plan = plan_windows(WIDE, length=12, count=1)
    assert plan is not None and plan.first == 4  # 16 px, after upsampling
    assert plan.lengths == (11, 9, 11, 9, 12, 10, 14, 12)


def test_more_windows_begin_later_and_very_many_not_at_all():
    first = [plan.first for n in (1, 5, 20) if (plan := plan_windows(WIDE, length=12, count=n))]
    assert first == sorted(first) and first[-1] > first[0]
    assert plan_windows(WIDE, length=12, count=200) is None


def test_windows_begin_after_the_map_that_is_read_as_a_whole():
    plan = plan_windows(WIDE, length=12, count=1, whole=7)
    assert plan is not None and plan.first >= 7


def test_narrow_networks_are_computed_whole_unless_windows_are_asked_for():
    narrow = [LayerShape(s.up, 4, 4, s.size) for s in WIDE]
    assert plan_windows(narrow, length=12, count=4) is None
    assert plan_windows(narrow, length=12, count=4, always=True) is not None


def test_windows_as_large_as_the_map_are_never_used():
    assert plan_windows(WIDE, length=128, count=1, always=True) is None


@pytest.mark.parametrize("length", [4, 5, 9])
@pytest.mark.parametrize("begin", [-3, 0, 1, 6, 7, 12])
def test_upsampled_windows_are_those_of_the_upsampled_map(length: int, begin: int):
    x, weight = torch.randn(1, 3, 8, 8).double(), torch.randn(2, 3, 3, 3).double()
    kernel = ops.fir_kernel().double()
    weight = ops.upsampling_weight(weight)
    whole = torch.nn.functional.pad(ops.upsampling_conv2d(x, weight, kernel), [9] * 4)
    shape = LayerShape(True, 3, 2, (16, 16))
    start = torch.tensor([[begin, begin + 1]])
    (input_start, _) = starts([shape], start)
    window = crop(x, input_start, shape.input_length(length))
    t = torch.nn.functional.conv_transpose2d(window, weight, stride=2)
    found = ops.filter2d(aligned(t, start, length), kernel, padding=0)
    expected = whole[:, :, begin + 10 :, begin + 9 :][:, :, :length, :length]
    inside = cells(start, length, (16, 16)) < 256
    torch.testing.assert_close(found * inside[:, None], expected * inside[:, None])


def test_a_crop_is_zero_outside_of_the_map():
    x = torch.arange(1.0, 13).view(1, 1, 3, 4)
    found = crop(x, torch.tensor([[-1, 1], [2, -1]]), 3)
    assert found[0, 0].tolist() == [[0, 5, 6], [0, 9, 10], [0, 0, 0]]
    assert found[1, 0].tolist() == [[0, 0, 0], [3, 4, 0], [7, 8, 0]]


@pytest.mark.parametrize("reach", [0.3, 1.0, 2.75])
def test_a_window_holds_every_sample_within_reach(reach: float):
    length, size = window_length(reach), (20, 12)
    centres = torch.rand(200, 2) * torch.tensor(size)
    start = window_start(centres, reach, length, size)
    limit = torch.tensor(size) - 1
    first = (centres - reach - 0.5).floor().clamp_min(0)
    last = torch.minimum((centres + reach - 0.5).floor() + 1, limit)
    assert (start <= torch.minimum(first, limit)).all() and (start + length > last).all()
    assert (start >= 0).all() and (start + length <= torch.tensor(size)).all()
