"""Resampling: constants stay, centres stay, edges repeat."""

from __future__ import annotations

import numpy as np
import pytest

from draggan.resampling import Axis, grow, shrink


def dense(axis: Axis) -> np.ndarray:
    low, part = axis.weights()
    whole = np.zeros((axis.cells, axis.length), np.float32)
    whole[:, low : low + part.shape[1]] = part
    return whole


@pytest.mark.parametrize("step", [0.21, 0.5, 1.0, 1.3, 7.0])
def test_weights_of_every_output_cell_sum_to_one(step: float) -> None:
    weights = dense(Axis(9, 20, -2.3, step))
    assert weights.sum(1) == pytest.approx(np.ones(9), abs=1e-6)


@pytest.mark.parametrize("step", [0.25, 0.5, 1.0, 2.0, 2.5])
def test_a_ramp_stays_a_ramp_in_the_same_coordinates(step: float) -> None:
    axis = Axis(6, 40, 8.0, step)
    ramp = np.arange(40) + 0.5  # the value at each input cell is its centre's coordinate
    centres = 8.0 + (np.arange(6) + 0.5) * step
    # an area average knows each input cell as one flat value: up to 1/20 cell of error
    assert dense(axis) @ ramp == pytest.approx(centres, abs=1e-4 if step != 2.5 else 0.051)


def test_a_whole_step_of_one_copies() -> None:
    assert np.array_equal(dense(Axis(4, 6, 1.0, 1.0)), np.eye(6)[1:5])


def test_beyond_the_ends_the_last_sample_is_repeated() -> None:
    weights = dense(Axis(4, 4, -8.0, 2.0))
    assert np.array_equal(weights, np.repeat([[1, 0, 0, 0]], 4, 0))


def test_shrinking_averages_blocks_of_pixels() -> None:
    image = np.random.RandomState(0).rand(260, 8, 2).astype(np.float32)
    small = shrink(lambda a, b: image[a:b], Axis(130, 260, 0, 2), Axis(4, 8, 0, 2))
    assert small == pytest.approx(image.reshape(130, 2, 4, 2, 2).mean((1, 3)), abs=1e-6)


def test_growing_in_bands_equals_growing_at_once() -> None:
    image = np.random.RandomState(0).rand(5, 4, 3).astype(np.float32)
    vertical, horizontal = Axis(23, 5, 0.3, 0.2), Axis(17, 4, -0.4, 0.25)
    whole = grow(image, vertical, horizontal, (0, 23), (0, 17))
    bands = [
        grow(image, vertical, horizontal, (a, min(a + 7, 23)), (2, 17)) for a in range(0, 23, 7)
    ]
    assert np.allclose(np.concatenate(bands), whole[:, 2:], atol=1e-6)
