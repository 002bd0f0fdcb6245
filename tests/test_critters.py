"""The critter renderer: pictures, landmarks, visibility and dense correspondence."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from draggan import critters
from draggan.errors import BadInput


def middle(**changes: float) -> Tensor:
    """One animal with every parameter in the middle of its range, but for physical `changes`."""
    parameters = critters.from_unit(torch.full((1, len(critters.NAMES)), 0.5))
    for name, value in changes.items():
        parameters[0, critters.parameter_index(name)] = value
    return parameters


def landmark(scene: critters.Scene, name: str) -> Tensor:
    return scene.landmarks[0, critters.landmark_index(name)]


def visible(scene: critters.DenseScene, name: str) -> float:
    return scene.visibility[0, critters.landmark_index(name)].item()


def part_at(scene: critters.DenseScene, point: Tensor) -> str:
    column, row = (int(c) for c in point)
    return critters.PARTS[int(scene.canonical[0, 0, row, column])]


def spot(scene: critters.DenseScene, place: Tensor) -> Tensor:
    """The picture point whose (part, u, v) is nearest to `place` (3,)."""
    part, u, v = scene.canonical[0]
    away = (u - place[1]).square() + (v - place[2]).square() + 1e3 * (part != place[0])
    row, column = divmod(int(away.argmin()), part.shape[1])
    return torch.tensor([column + 0.5, row + 0.5])


def test_the_same_parameters_give_the_same_picture() -> None:
    parameters = critters.sample_parameters(3, seed=7)
    assert torch.equal(parameters, critters.sample_parameters(3, seed=7))
    assert not torch.equal(parameters, critters.sample_parameters(3, seed=8))
    first, second = critters.render(parameters, 48), critters.render(parameters, 48)
    assert torch.equal(first.image, second.image)
    assert first.image.shape == (3, 3, 48, 48)
    assert first.landmarks.shape == (3, len(critters.LANDMARKS), 2)


def test_a_picture_in_a_batch_is_the_same_as_alone() -> None:
    parameters = critters.sample_parameters(3, seed=2)
    together = critters.render(parameters, 32).image
    torch.testing.assert_close(together[1:2], critters.render(parameters[1:2], 32).image)


def test_pictures_are_within_range_and_not_empty() -> None:
    image = critters.render(critters.sample_parameters(8, seed=0), 32).image
    assert image.min() >= -1 and image.max() <= 1
    assert image.std(dim=(1, 2, 3)).min() > 0.15


def test_the_dense_renderer_draws_the_same_picture() -> None:
    parameters = critters.sample_parameters(2, seed=4)
    plain, dense = critters.render(parameters, 40), critters.render_dense(parameters, 40)
    assert torch.equal(plain.image, dense.image)
    assert torch.equal(plain.landmarks, dense.landmarks)


def test_a_larger_picture_shows_the_same_animal() -> None:
    parameters = critters.sample_parameters(4, seed=3)
    small, large = critters.render(parameters, 128), critters.render(parameters, 256)
    shrunk = F.avg_pool2d(large.image, 2)
    assert (shrunk - small.image).abs().mean() < 0.01
    torch.testing.assert_close(large.landmarks, small.landmarks * 2, atol=1e-3, rtol=0)


def test_landmarks_can_be_had_without_a_picture() -> None:
    parameters = critters.sample_parameters(3, seed=6)
    wanted = critters.render(parameters, 96).landmarks
    torch.testing.assert_close(critters.landmarks(parameters, 96), wanted, atol=1e-4, rtol=0)


def test_turning_the_head_moves_the_nose_to_that_side() -> None:
    straight = landmark(critters.render(middle(), 128), "nose")
    right = landmark(critters.render(middle(yaw=0.4), 128), "nose")
    left = landmark(critters.render(middle(yaw=-0.4), 128), "nose")
    assert right[0] > straight[0] + 10 and left[0] < straight[0] - 10


def test_looking_down_moves_the_nose_down() -> None:
    up, down = (landmark(critters.render(middle(pitch=p), 128), "nose") for p in (-0.25, 0.25))
    assert down[1] > up[1] + 8


def test_the_nose_landmark_lies_in_the_middle_of_the_drawn_nose() -> None:
    scene = critters.render_dense(middle(), 128)
    is_nose = scene.canonical[0, 0] == critters.part_index("nose")
    rows, columns = is_nose.nonzero(as_tuple=True)
    centre = torch.stack([columns.float().mean(), rows.float().mean()]) + 0.5
    assert (centre - landmark(scene, "nose")).norm() < 1.0


def test_on_a_frontal_face_everything_but_the_ear_bases_is_visible() -> None:
    scene = critters.render_dense(middle(), 128)
    hidden = {n for n in critters.LANDMARKS if visible(scene, n) < 0.5}
    assert hidden <= {"ear_base_l", "ear_base_r"}
    assert visible(scene, "nose") > 0.9


def test_the_far_cheek_is_invisible_when_the_head_is_turned_away() -> None:
    right = critters.render_dense(middle(yaw=0.6), 128)
    assert visible(right, "cheek_r") < 0.2 < 0.8 < visible(right, "cheek_l")
    left = critters.render_dense(middle(yaw=-0.6), 128)
    assert visible(left, "cheek_l") < 0.2 < 0.8 < visible(left, "cheek_r")


def test_the_base_of_an_ear_is_hidden_behind_the_head() -> None:
    scene = critters.render_dense(middle(yaw=0.6, pitch=-0.3), 128)
    assert visible(scene, "ear_base_r") < 0.1


def test_a_landmark_outside_the_picture_is_invisible() -> None:
    long_ears = middle(ear_len=0.46, scale=1.2, ty=0.06, ear_ang=0.1)
    scene = critters.render_dense(long_ears, 128)
    assert landmark(scene, "ear_tip_l")[1] < 0
    assert visible(scene, "ear_tip_l") == 0


def test_a_pupil_under_the_lid_is_invisible() -> None:
    looking_up = middle(eye_open=0.45, gaze_y=0.35)
    scene = critters.render_dense(looking_up, 128)
    assert visible(scene, "pupil_l") < 0.5
    assert part_at(scene, landmark(scene, "pupil_l")) == "lid_l"


def test_visible_landmarks_lie_on_their_own_part() -> None:
    scene = critters.render_dense(critters.sample_parameters(24, seed=11), 96)
    wrong = seen = 0
    for b in range(24):
        for name, xy, v in zip(
            critters.LANDMARKS, scene.landmarks[b], scene.visibility[b], strict=True
        ):
            if v > 0.5:
                column, row = (int(c) for c in xy)
                part = critters.PARTS[int(scene.canonical[b, 0, row, column])]
                seen += 1
                wrong += part not in critters.LANDMARK_PARTS[name]
    assert seen > 300 and wrong <= 0.01 * seen


@pytest.mark.parametrize("name", ["nose", "eye_l", "ear_tip_r", "cheek_l", "forehead"])
def test_a_spot_of_the_surface_is_found_again_after_the_head_turned(name: str) -> None:
    before = critters.render_dense(middle(yaw=0.05), 256)
    after = critters.render_dense(middle(yaw=0.30, pitch=0.08, roll=0.1, tx=0.04), 256)
    column, row = (int(c) for c in landmark(before, name))
    found = spot(after, before.canonical[0, :, row, column])
    moved = (landmark(after, name) - landmark(before, name)).norm()
    assert moved > 10
    assert (found - landmark(after, name)).norm() < 3


def test_the_chin_is_found_again_after_the_jaw_opened() -> None:
    before = critters.render_dense(middle(mouth_open=0.5), 256)
    after = critters.render_dense(middle(mouth_open=0.9), 256)
    start = landmark(before, "chin")
    column, row = (int(c) for c in start)
    assert part_at(before, start) == "chin"
    found = spot(after, before.canonical[0, :, row, column])
    assert (landmark(after, "chin") - start).norm() > 5
    assert (found - landmark(after, "chin")).norm() < 3


def test_the_iris_moves_with_the_gaze_and_the_white_does_not() -> None:
    before = critters.render_dense(middle(gaze_x=-0.3, eye_open=1.0), 256)
    after = critters.render_dense(middle(gaze_x=0.3, eye_open=1.0), 256)
    pupil = landmark(before, "pupil_r")
    column, row = (int(c) for c in pupil)
    assert part_at(before, pupil) == "iris_r"
    found = spot(after, before.canonical[0, :, row, column])
    assert (found - landmark(after, "pupil_r")).norm() < 1.5
    whites = [s.canonical[0, 0] == critters.part_index("eye_r") for s in (before, after)]
    both = whites[0] & whites[1]
    assert both.sum() > 20
    torch.testing.assert_close(before.canonical[0, 1:, both], after.canonical[0, 1:, both])


def test_gradients_reach_every_parameter() -> None:
    parameters = critters.sample_parameters(4, seed=5).requires_grad_()
    scene = critters.render(parameters, 48)
    (scene.image.square().mean() + scene.landmarks.mean() * 0).backward()
    assert parameters.grad is not None
    assert parameters.grad.isfinite().all()
    assert (parameters.grad.abs().amax(0) > 0).all()


def test_a_gradient_agrees_with_a_finite_difference() -> None:
    parameters = middle().double()
    column = critters.parameter_index("yaw")

    def side(p: Tensor) -> Tensor:
        return critters.render(p, 32).landmarks[0, :, 0].sum()

    wanted = parameters.clone().requires_grad_()
    side(wanted).backward()
    step = torch.zeros_like(parameters)
    step[0, column] = 1e-6
    difference = (side(parameters + step) - side(parameters - step)) / 2e-6
    assert wanted.grad is not None
    torch.testing.assert_close(wanted.grad[0, column], difference, rtol=1e-5, atol=1e-5)


def test_values_outside_their_range_are_clamped() -> None:
    inside, outside = middle(yaw=0.6), middle(yaw=2.0)
    assert torch.equal(critters.render(inside, 32).image, critters.render(outside, 32).image)


@pytest.mark.parametrize("shape", [(31,), (2, 30), (1, 2, 31)])
def test_a_table_of_the_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match="31 numbers"):
        critters.render(torch.zeros(shape), 32)


@pytest.mark.parametrize("size", [0, 7, 2049])
def test_a_size_out_of_range_is_refused(size: int) -> None:
    with pytest.raises(BadInput, match="cannot be drawn"):
        critters.render(middle(), size)


@pytest.mark.slow
def test_the_renderer_compiles_as_one_graph() -> None:
    torch._dynamo.reset()
    compiled = torch.compile(critters.render, backend="eager", fullgraph=True)
    parameters = critters.sample_parameters(1, seed=1)
    assert torch.equal(compiled(parameters, 16).image, critters.render(parameters, 16).image)
