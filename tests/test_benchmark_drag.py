"""RenderDrag: its tasks, its verdicts and its table."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from draggan.benchmark import drag as render_drag
from draggan.benchmark.sheet import drag_sheet
from draggan.benchmark.tasks import START, TASKS, Case, find_tasks, make_cases, movable
from draggan.benchmark.verdict import Dragged, Verdict, judge, noise_floor
from draggan.checkpoint import load_generator
from draggan.critters import (
    NAMES,
    columns_of,
    landmark_index,
    parameter_index,
    render,
    render_dense,
    to_unit,
)
from draggan.drag import PRESETS
from draggan.errors import BadInput

SIZE = 32


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return make_cases(2, TASKS, size=SIZE, seed=1)


def dragged(case: Case, result: Tensor, *, claim: str = "reached") -> Dragged:
    """As if a drag had turned the case's source into the animal `result` (1, 31)."""
    return Dragged(
        case=case,
        options="made up",
        before=render(case.source, SIZE).image,
        after=render(result, SIZE).image,
        points=case.targets,
        tracked=(0.0,) * len(case.handles),
        statuses=(claim,) * len(case.handles),
        steps=10,
        seconds=0.5,
    )


def test_each_face_gets_every_task(cases: list[Case]) -> None:
    assert [c.task.name for c in cases] == 2 * [task.name for task in TASKS]
    assert [c.face for c in cases] == len(TASKS) * [0] + len(TASKS) * [1]


def test_the_same_seed_draws_the_same_faces_whatever_the_tasks(cases: list[Case]) -> None:
    again = make_cases(1, TASKS[:1], size=SIZE, seed=1)
    assert torch.equal(again[0].source, cases[0].source)


def test_starts_lie_in_the_stated_poses(cases: list[Case]) -> None:
    for case in cases:
        for name, (low, high) in START.items():
            assert low <= to_unit(case.source)[0, parameter_index(name)] <= high
    assert cases[0].source[0, parameter_index("eye_open")] > 0.6


def test_what_may_move_holds_all_that_differs_in_the_truth(cases: list[Case]) -> None:
    for case in cases:
        mask = movable(case, SIZE)
        before, after = (render(end, SIZE).image for end in (case.source, case.goal))
        outside = (before - after).abs()[0, :, mask == 0]
        assert 0 < mask.mean() < 1 and outside.max() <= 0.02


def test_change_outside_of_the_mask_is_measured_there_alone(cases: list[Case]) -> None:
    case = cases[0]
    made = dragged(case, case.source)
    after = made.before.clone()
    after[..., :16] += 0.5  # the left half
    right = torch.zeros(SIZE, SIZE)
    right[:, 16:] = 1
    shown = [replace(made, after=after.clamp(-1, 1), mask=m) for m in (right, 1 - right)]
    left_fixed, right_fixed = judge(shown)
    assert left_fixed.outside is not None and left_fixed.outside > 0.05
    assert right_fixed.outside == 0 and judge([made])[0].outside is None


def test_a_task_changes_its_own_parameter_only(cases: list[Case]) -> None:
    for case in cases:
        changed = (case.source != case.goal)[0].nonzero().flatten().tolist()
        assert [NAMES[i] for i in changed] == [case.task.parameter]
        assert to_unit(case.goal).min() >= 0 and to_unit(case.goal).max() <= 1


def test_handles_are_visible_and_targets_are_where_the_goal_has_them(cases: list[Case]) -> None:
    for case in cases:
        before, after = render_dense(case.source, SIZE), render(case.goal, SIZE)
        rows = [landmark_index(name) for name in case.task.handles]
        assert before.visibility[0, rows].min() >= 0.5
        torch.testing.assert_close(case.handles, before.landmarks[0, rows])
        torch.testing.assert_close(case.targets, after.landmarks[0, rows])
        assert (case.targets > 0).all() and (case.targets < SIZE).all()
        assert len(case.pins) == len(case.task.pins)


def test_tasks_are_found_by_parts_of_their_names() -> None:
    assert find_tasks([]) == TASKS[:4]
    assert [t.parameter for t in find_tasks(["pitch"])] == ["pitch"]
    with pytest.raises(BadInput, match="tail"):
        find_tasks(["tail"])


def test_no_faces_are_refused() -> None:
    with pytest.raises(BadInput):
        make_cases(0, TASKS, size=SIZE, seed=0)


@pytest.fixture(scope="module")
def judged(cases: list[Case]) -> tuple[list[Dragged], list[Verdict]]:
    """Arrived; nothing done; arrived; arrived in other colours. All claim to have arrived."""
    yaw, jaw = cases[0], cases[1]
    tinted = jaw.goal.clone()
    tinted[0, columns_of("colour")] = cases[-1].source[0, columns_of("colour")]
    ends = [(yaw, yaw.goal), (yaw, yaw.source), (jaw, jaw.goal), (jaw, tinted)]
    drags = [dragged(case, result) for case, result in ends]
    return drags, judge(drags)


def test_the_judge_confirms_what_arrived(judged: tuple[list[Dragged], list[Verdict]]) -> None:
    for arrived in (judged[1][0], judged[1][2]):
        assert all(arrived.there) and max(arrived.fitted) < 0.4
        assert arrived.moved == pytest.approx(1, abs=0.2)
        assert arrived.readable


def test_the_judge_refutes_a_false_claim(judged: tuple[list[Dragged], list[Verdict]]) -> None:
    idle = judged[1][1]
    assert all(idle.reached) and not any(idle.there)
    assert idle.fitted[0] == pytest.approx(idle.start[0], abs=0.4)
    assert idle.moved == pytest.approx(0, abs=0.2)


def test_a_change_of_colour_counts_as_drift(judged: tuple[list[Dragged], list[Verdict]]) -> None:
    faithful, tinted = judged[1][2:]
    assert faithful.colour_drift < 0.04 < 0.08 < tinted.colour_drift
    assert faithful.picture_drift < 0.005 < 0.01 < tinted.picture_drift


def test_a_row_averages_its_drags(judged: tuple[list[Dragged], list[Verdict]]) -> None:
    drags, verdicts = judged
    rows = render_drag._rows(drags[:2], verdicts[:2])
    assert [row.task for row in rows] == ["nose to another yaw", "all"]
    assert (rows[-1].within, rows[-1].claimed, rows[-1].false_claims) == (0.5, 1.0, 0.5)
    assert rows[-1].ms_per_step == pytest.approx(50)


def test_the_sheet_shows_three_pictures_of_each_drag(
    judged: tuple[list[Dragged], list[Verdict]],
) -> None:
    height, width, _ = drag_sheet(*judged, columns=1).shape
    assert width > 3 * 256 and height > 4 * 256


def test_the_judges_own_error_is_measured(judged: tuple[list[Dragged], list[Verdict]]) -> None:
    floor = noise_floor(*judged, count=2)
    assert 0 < floor.renders < 0.4 and floor.generator < 0.4


@pytest.mark.slow
def test_a_drag_of_the_embedded_model_is_measured_from_end_to_end() -> None:
    short = {name: replace(PRESETS[name], steps=2) for name in ("default", "released")}
    lines: list[str] = []
    report = render_drag.run(
        load_generator(), faces=1, tasks=["gaze, nose pinned"], options=short, listener=lines.append
    )
    assert [(r.options, r.drags) for r in report.rows if r.task == "all"] == [
        ("default", 1),
        ("released", 1),
    ]
    assert all(d.steps == 2 and len(d.statuses) == len(d.case.handles) for d in report.drags)
    assert report.floor.renders < 1
    assert lines
    table = "\n".join(render_drag.table(report).lines())
    assert "own error" in table and "gaze, nose pinned" in table and "eyes over 60 %" in table
    as_read = json.loads(json.dumps(render_drag.details(report)))
    assert len(as_read["drags"]) == 2


def test_unknown_options_are_refused() -> None:
    parser = argparse.ArgumentParser()
    render_drag.add_arguments(parser)
    with pytest.raises(BadInput, match="fastest"):
        render_drag.run_command(parser.parse_args(["--options", "fastest"]))


def test_a_block_for_a_mask_without_a_mask_is_refused() -> None:
    parser = argparse.ArgumentParser()
    render_drag.add_arguments(parser)
    with pytest.raises(BadInput, match="mask"):
        render_drag.run_command(parser.parse_args(["--mask-block", "32", "--faces", "1"]))
