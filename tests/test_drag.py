"""Drags move the right way, end for a reason, and refuse nonsense."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from draggan.checkpoint import load_generator
from draggan.critters import (
    from_unit,
    landmark_index,
    latent_from_unit,
    parameter_index,
    render,
)
from draggan.drag import PRESETS, DragOptions, _Drag, drag
from draggan.errors import BadInput, BadNumbers
from draggan.tracking import PatchTracker, Search, places

# Radii for a picture of 32 px, and raw W+: the prior of random weights says nothing.
QUICK = DragOptions(steps=25, r1=48, r2=64, pull=48, lr=0.1, space="w+", block=16)


def last(steps):
    return list(steps)[-1]


@pytest.fixture
def ws(tiny_generator):
    return tiny_generator.sample([3])


def test_a_drag_brings_the_handle_nearer(tiny_generator, ws):
    steps = list(drag(tiny_generator, ws, [[14, 16]], [[19, 16]], options=QUICK))
    assert steps[0].distances[0] == pytest.approx(5)
    assert min(s.distances[0] for s in steps) < 3
    assert steps[-1].finished and not any(s.finished for s in steps[:-1])


def test_the_first_step_is_the_start_itself(tiny_generator, ws):
    first = next(drag(tiny_generator, ws, [[14, 16]], [[19, 16]], options=QUICK))
    torch.testing.assert_close(first.ws, ws)
    assert first.index == 0 and first.statuses == ("moving",)


@pytest.mark.parametrize("preset", ["default", "released"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_nothing_has_changed_at_the_start_of_a_masked_drag(tiny_generator, ws, preset, precision):
    mask = torch.zeros(32, 32)
    mask[8:24, 8:24] = 1
    options = replace(PRESETS[preset], steps=1, precision=precision, lambda_mask=1e9)
    losses = [
        last(drag(tiny_generator, ws, [[14, 16]], [[19, 16]], mask=m, options=options)).loss
        for m in (mask, None)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


@pytest.mark.parametrize("preset", ["default", "paper", "released"])
def test_each_preset_moves_the_latent_and_leaves_later_rows(tiny_generator, ws, preset):
    options = replace(PRESETS[preset], steps=3, rows=3, lr=0.01)
    step = last(drag(tiny_generator, ws, [[14, 16]], [[22, 16]], options=options))
    change = (step.ws - ws).abs().sum(-1)[0]
    assert step.index == 3 and step.ending == "cap" and step.statuses == ("stuck",)
    assert (change[:3] > 0).all() and (change[3:] == 0).all()


@pytest.mark.parametrize("preset", ["paper", "released"])
def test_the_reference_loops_track_in_whole_pixels(tiny_generator, ws, preset):
    options = replace(PRESETS[preset], steps=4, lr=0.05)
    step = last(drag(tiny_generator, ws, [[14.5, 16.5]], [[22.5, 16.5]], options=options))
    assert (step.points - 0.5 == (step.points - 0.5).round()).all()


def test_a_drag_that_is_there_already_costs_one_step(tiny_generator, ws):
    steps = list(drag(tiny_generator, ws, [[14, 16]], [[14.3, 16]], options=QUICK))
    assert len(steps) == 1 and steps[0].ending == "reached" and steps[0].statuses == ("reached",)


def test_a_handle_of_zero_length_is_a_pin(tiny_generator, ws):
    handles, targets = [[14.0, 16.0], [8.0, 25.0]], [[19.0, 16.0], [8.0, 25.0]]
    step = last(drag(tiny_generator, ws, handles, targets, options=replace(QUICK, steps=5)))
    assert step.statuses[1] == "pinned"


def test_pins_hold_what_they_are_on(tiny_generator, ws):
    move = ([[14.0, 16.0]], [[20.0, 16.0]])
    corners = [[4.0, 4.0], [28.0, 4.0], [4.0, 28.0], [28.0, 28.0]]
    pinned = ([*move[0], *corners], [*move[1], *corners])
    options = replace(QUICK, steps=15, lr=0.02)

    def change_at_the_corners(points):
        step = last(drag(tiny_generator, ws, *points, options=options))
        f0, f1 = (tiny_generator.features(w, 16).map[0] for w in (ws, step.ws))
        return sum((f1 - f0)[:, int(y) // 2, int(x) // 2].abs().mean() for x, y in corners)

    assert change_at_the_corners(pinned) < 0.8 * change_at_the_corners(move)


def test_what_the_mask_fixes_changes_less(tiny_generator, ws):
    mask = torch.zeros(32, 32)
    mask[:, 10:24] = 1
    outside = mask == 0

    def change(with_mask):
        options = replace(QUICK, steps=15, lr=0.02, lambda_mask=20)
        step = last(
            drag(tiny_generator, ws, [[14, 16]], [[20, 16]], mask=with_mask, options=options)
        )
        picture = tiny_generator.render(step.ws) - tiny_generator.render(ws)
        return picture[0, :, outside].abs().mean()

    assert change(mask) < 0.7 * change(None)


def test_a_mask_without_such_a_block_is_refused(tiny_generator, ws):
    mask = torch.ones(32, 32)
    mask[:, :9] = 0
    options = replace(QUICK, mask_block=20)
    with pytest.raises(BadInput, match="20"):
        list(drag(tiny_generator, ws, [[14, 16]], [[20, 16]], mask=mask, options=options))


def test_reconstruction_and_ball_keep_the_picture_nearer(tiny_generator, ws):
    def change(**terms):
        options = replace(QUICK, steps=12, **terms)
        step = last(drag(tiny_generator, ws, [[14, 16]], [[22, 16]], options=options))
        return (tiny_generator.render(step.ws) - tiny_generator.render(ws)).abs().mean()

    free = change()
    assert change(reconstruction=20.0) < free
    assert change(ball=0.05) < free


def test_the_default_models_face_turns_after_its_nose():
    generator = load_generator("critters")
    unit = torch.full((1, 31), 0.5)
    unit[:, parameter_index("yaw")] = 0.4
    turned = unit.clone()
    turned[:, parameter_index("yaw")] = 0.65
    before, after = (render(from_unit(u)).landmarks[0] for u in (unit, turned))
    nose, eyes = landmark_index("nose"), [landmark_index("eye_l"), landmark_index("eye_r")]
    ws = generator.network.mapping(latent_from_unit(unit))
    step = last(drag(generator, ws, before[nose][None], after[nose][None]))
    assert step.ending == "reached" and step.index < 100
    start = generator.features(ws, 64)
    tracker = PatchTracker(start, before[eyes], start, places(128, 128), Search(8.0))
    moved = tracker.track(generator.features(step.ws, 64), before[eyes]).points - before[eyes]
    wanted = after[eyes] - before[eyes]
    assert (moved - wanted).norm(dim=-1).max() < 3  # nobody touched the eyes: they turn along


def test_leaving_the_loop_is_cancelling_and_gradients_stay_off_outside(tiny_generator, ws):
    with torch.no_grad():
        for step in drag(tiny_generator, ws, [[14, 16]], [[19, 16]], options=QUICK):
            assert not torch.is_grad_enabled()
            assert not step.ws.requires_grad
            assert step.features is not None and not step.features.map.requires_grad
            if step.index == 2:
                break
    assert step.index == 2


def test_the_features_of_a_step_continue_to_its_picture(tiny_generator, ws):
    step = last(drag(tiny_generator, ws, [[14, 16]], [[19, 16]], options=replace(QUICK, steps=2)))
    with torch.no_grad():
        torch.testing.assert_close(
            tiny_generator.render_from(step.features, step.ws), tiny_generator.render(step.ws)
        )


def test_a_drag_that_gets_nowhere_is_stuck_before_the_cap(tiny_generator, ws):
    options = replace(QUICK, steps=200, lr=1e-7)
    step = last(drag(tiny_generator, ws, [[14, 16]], [[22, 16]], options=options))
    assert step.ending == "stuck" and step.index < 100 and step.statuses == ("stuck",)


@pytest.mark.parametrize(
    ("handles", "targets", "word"),
    [
        ([], [], "handle"),
        ([[1, 2, 3]], [[1, 2, 3]], "pair"),
        ([[1, 2]], [[3, 4], [5, 6]], "2 targets"),
        ([[1, 2]], [[40, 2]], "outside"),
        ([[float("nan"), 2]], [[4, 2]], "outside"),
        ([[5, 5]], [[5, 5]], "anywhere to go"),
        ("here", "there", "pair"),
    ],
)
def test_points_that_are_no_drag_are_refused_in_words(tiny_generator, ws, handles, targets, word):
    with pytest.raises(BadInput, match=word):
        drag(tiny_generator, ws, handles, targets)


@pytest.mark.parametrize("mask", [torch.ones(16, 16), torch.zeros(32, 32)])
def test_a_mask_of_another_size_or_without_room_is_refused(tiny_generator, ws, mask):
    with pytest.raises(BadInput, match="mask"):
        drag(tiny_generator, ws, [[5, 5]], [[9, 9]], mask=mask)


@pytest.mark.parametrize("batch", [2, 5])
def test_steps_in_batches_are_the_steps_taken_one_by_one(tiny_generator, ws, batch):
    # A tiny learning rate gets nowhere, so that the rows are loosened and the drag ends stuck.
    for lr, steps in ((0.05, 25), (1e-6, 80)):
        options = replace(QUICK, steps=steps, lr=lr, space="prior", clip=3.0)
        points = [[14.0, 16.0], [20.0, 9.0]], [[25.0, 18.0], [20.0, 20.0]]
        one = list(drag(tiny_generator, ws, *points, options=options))
        many = list(drag(tiny_generator, ws, *points, options=replace(options, batch=batch)))
        assert [s.index for s in one] == [s.index for s in many]
        assert [s.statuses for s in one] == [s.statuses for s in many]
        for a, b in zip(one, many, strict=True):
            assert a.distances == b.distances and a.loss == b.loss and a.ending == b.ending
            assert torch.equal(a.ws, b.ws) and torch.equal(a.points, b.points)
        assert many[-1].features is None


class Looks(TorchDispatchMode):
    """Notes operations that make a device hand a value over, and so wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.overloadpacket.__name__ in {
            "_local_scalar_dense",
            "nonzero",
            "equal",
            "is_nonzero",
        }:
            self.seen.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("windows", ["never", "always"])
def test_a_step_of_a_batch_looks_at_no_value(tiny_generator, ws, windows):
    mask = torch.ones(32, 32)
    mask[:, :9] = 0
    options = replace(QUICK, windows=windows, space="prior", clip=3.0, ball=0.5)
    handles, targets = torch.tensor([[14.0, 16.0]]), torch.tensor([[20.0, 18.0]])
    one = _Drag(tiny_generator, ws, handles, targets, mask, options, None)
    one._advance()
    one.optimiser.step = lambda: None  # Adam on a CPU does look, at its own count of steps
    with Looks() as looks:
        one._advance()
    assert looks.seen == set()
    with looks:
        one.points.sum().item()
    assert looks.seen == {"_local_scalar_dense"}


class Spoilt:
    """A generator whose features are no numbers from the given step on."""

    def __init__(self, path, calls):
        self.path, self.left = path, calls

    def __getattr__(self, name):
        return getattr(self.path, name)

    def narrowed(self, windows):
        return Spoilt(self.path.narrowed(windows), self.left)

    def features(self, ws, centres):
        found = self.path.features(ws, centres)
        self.left -= 1
        return found if self.left >= 0 else replace(found, map=found.map * float("nan"))


@pytest.mark.parametrize("preset", ["default", "paper", "released"])
@pytest.mark.parametrize("batch", [None, 4])
def test_numbers_that_are_none_end_a_drag_in_words(tiny_generator, ws, monkeypatch, preset, batch):
    plain = tiny_generator.prepare
    monkeypatch.setattr(
        tiny_generator, "prepare", lambda *a, **options: Spoilt(plain(*a, **options), 7)
    )
    options = replace(PRESETS[preset], steps=30, batch=batch)
    steps, seen = drag(tiny_generator, ws, [[14, 16]], [[25, 16]], options=options), []
    with pytest.raises(BadNumbers, match="beyond what can be computed") as refusal:
        while True:
            seen.append(next(steps))
    assert refusal.value.code == "not_finite" and refusal.value.hint
    assert 3 < len(seen) < 10
    for step in seen:
        assert step.ws.isfinite().all() and step.points.isfinite().all()
        assert not step.finished


def test_a_latent_that_runs_away_ends_a_drag_before_the_step_is_taken(tiny_generator, ws):
    options = replace(QUICK, lr=1e30, steps=5)
    steps = drag(tiny_generator, ws, [[14, 16]], [[25, 16]], options=options)
    assert next(steps).index == 0
    with pytest.raises(BadNumbers):
        next(steps)


def test_only_where_a_drag_can_be_gone_on_from_a_step_says_how(tiny_generator, ws):
    options = replace(QUICK, steps=12, batch=4, lr=1e-4)
    steps = list(drag(tiny_generator, ws, [[14, 16]], [[28, 16]], options=options))
    known = [step.resume is not None for step in steps]
    assert known == [True] * 4 + [False, False, False, True] * 2 + [True]
    assert [s.resume.index for s in steps if s.resume] == [k for k, can in enumerate(known) if can]
    assert steps[-1].resume.ending == "cap" and steps[-1].resume.numbers.numel() == 0
