"""The editor: a picture is set, dragged, scrubbed and given back in its own form."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from draggan import tuning
from draggan.drag import DragOptions
from draggan.editor import DragEditor
from draggan.errors import BadInput, BadNumbers, BadPicture, DragganError
from draggan.generator import WeightDelta
from draggan.pasting import PasteOptions

from .hasty import hasten

FEW = DragOptions(steps=4)


@pytest.fixture(autouse=True)
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps, a small bank, and a cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    hasten(monkeypatch)


def picture(width: int = 50, height: int = 40, channels: int = 3) -> np.ndarray:
    return np.random.RandomState(0).randint(0, 256, (height, width, channels)).astype(np.uint8)


@pytest.fixture
def editor(tiny_generator: Any) -> DragEditor:
    """With a picture of 50 x 40 in it."""
    editor = DragEditor(tiny_generator)
    for _ in editor.set_image(picture()):
        pass
    return editor


@pytest.fixture
def seeded(tiny_generator: Any) -> DragEditor:
    editor = DragEditor(tiny_generator)
    editor.set_seed(3)
    return editor


def drag(editor: DragEditor, **keywords: Any) -> list[Any]:
    keywords.setdefault("options", FEW)
    return list(editor.drag([(20.0, 15.0)], [(30.0, 15.0)], **keywords))


def test_setting_a_picture_is_one_stream_of_progress(tiny_generator: Any) -> None:
    steps = list(DragEditor(tiny_generator).set_image(picture()))
    stages = [stage for stage, _ in groupby(step.stage for step in steps)]
    quick = ["samples", "starts", "w", "w+", "detail"]
    assert stages == [*quick, "w+", "tuning", "detail", "done"]
    assert next(step.stage for step in steps if step.ready) == "detail"
    work = [step for step in steps if step.stage != "samples"]
    assert [step.index for step in work] == list(range(1, len(work) + 1))
    assert {step.total for step in work} == {len(work)}


def decibels(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(((a.astype(float) - b) ** 2).mean() / 255**2))


def bare(editor: DragEditor) -> np.ndarray:
    """What the latent alone is drawn as."""
    other = DragEditor(editor.base)
    other.restore(replace(editor.saved(), delta=WeightDelta(), residual={}))
    return other.reconstruction()


def test_tuning_leaves_the_reconstruction_no_worse(editor: DragEditor) -> None:
    assert editor.generator is not editor.base
    pairs = [(picture(), editor.reconstruction()), (picture(), bare(editor))]
    with_all, latent_alone = (decibels(*pair) for pair in pairs)
    assert with_all >= latent_alone


def test_leaving_early_keeps_the_best_latent_so_far(tiny_generator: Any) -> None:
    editor = DragEditor(tiny_generator)
    stream, best = editor.set_image(picture()), -np.inf
    for step in stream:
        if step.stage != "samples":
            best = max(best, step.psnr)
        if step.stage == "w+":
            break
    del stream
    assert editor.psnr == best
    assert drag(editor)[-1].index > 0


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_result_has_the_pictures_own_form(
    tiny_generator: Any, channels: int, dtype: type
) -> None:
    white = {np.uint8: 255, np.uint16: 65535, np.float32: 1}[dtype]
    native = (picture(20, 30, channels) / 255 * white).astype(dtype)
    if channels in (2, 4):
        native[..., -1] = white
    editor = DragEditor(tiny_generator)
    for _ in editor.set_image(native):
        pass
    assert np.array_equal(editor.image(), native)
    list(editor.drag([(10, 10)], [(14, 10)], options=FEW))
    result = editor.image()
    assert result.shape == native.shape and result.dtype == native.dtype
    if channels in (2, 4):
        assert np.array_equal(result[..., -1], native[..., -1])


def test_a_flat_gray_picture_comes_back_flat(tiny_generator: Any) -> None:
    editor = DragEditor(tiny_generator)
    for _ in editor.set_image(picture()[..., 0]):
        pass
    drag(editor)
    assert editor.image().shape == (40, 50) and editor.image(max_side=10).shape == (8, 10)


def test_points_and_distances_are_in_the_pictures_pixels(editor: DragEditor) -> None:
    first = drag(editor)[0]
    assert first.points.tolist() == [pytest.approx([20, 15], abs=1e-3)]
    assert first.distances == (pytest.approx(10, abs=1e-3),)


def test_every_step_is_in_the_timeline_under_its_index(editor: DragEditor) -> None:
    steps = drag(editor)
    assert [step.index for step in steps] == list(range(len(editor.timeline)))
    for step, state in zip(steps[1:], editor.timeline[1:], strict=True):
        assert torch.equal(step.ws, state.ws) and torch.equal(step.points, state.points)


def test_dragging_on_from_an_earlier_state_replaces_what_came_after(editor: DragEditor) -> None:
    drag(editor)
    kept = editor.timeline[2]
    editor.seek(2)
    steps = drag(editor)
    assert steps[0].index == 2 and editor.timeline[2] is kept
    assert len(editor.timeline) == 3 + len(steps) - 1


def test_back_goes_one_state_and_stops_at_the_start(editor: DragEditor) -> None:
    drag(editor)
    last = editor.position
    editor.back()
    assert editor.position == last - 1
    editor.seek(0)
    editor.back()
    assert editor.position == 0 and np.array_equal(editor.image(), picture())


def test_leaving_a_drag_keeps_the_steps_so_far(editor: DragEditor) -> None:
    stream = editor.drag([(20, 15)], [(30, 15)], options=FEW)
    assert [next(stream).index for _ in range(3)] == [0, 1, 2]
    stream.close()  # type: ignore[attr-defined]
    assert editor.position == 2


def test_a_zero_length_handle_is_a_pin(editor: DragEditor) -> None:
    handles, targets = [(20, 15), (5, 5)], [(30, 15), (5, 5)]
    last = list(editor.drag(handles, targets, options=FEW))[-1]
    assert last.statuses[1] == "pinned"


@pytest.mark.parametrize("kind", [bool, np.uint8, np.float32])
def test_outside_every_mask_used_the_picture_stays(editor: DragEditor, kind: type) -> None:
    """Two drags under two masks: both areas may have changed, nothing else."""
    white = 255 if kind is np.uint8 else 1
    left, right = np.zeros((40, 50), kind), np.zeros((40, 50), kind)
    left[:, :20], right[:, 40:] = white, white
    before = editor.image()
    wild = DragOptions(steps=4, lr=1.0, lambda_mask=0)  # moves everything, mask or not
    list(editor.drag([(10, 15)], [(16, 15)], mask=left, options=wild))
    assert np.array_equal(editor.image()[:, 20:], before[:, 20:])
    assert not np.array_equal(editor.image()[:, :20], before[:, :20])
    list(editor.drag([(45, 15)], [(48, 15)], mask=right, options=wild))
    assert np.array_equal(editor.image()[:, 20:40], before[:, 20:40])
    assert not np.array_equal(editor.image()[:, :20], before[:, :20])


def test_a_preview_is_smaller_and_shows_the_same(editor: DragEditor) -> None:
    drag(editor)
    small = editor.image(max_side=25)
    assert small.shape == (20, 25, 3) and small.dtype == np.uint8
    full = editor.image().astype(float).reshape(20, 2, 25, 2, 3).mean((1, 3))
    assert abs(full - small).mean() < 12
    assert editor.image(max_side=1000).shape == (40, 50, 3)


def test_a_seeds_picture_is_the_generators_own(seeded: DragEditor) -> None:
    with torch.no_grad():
        own = seeded.base.render(seeded.state.ws)[0].clamp(-1, 1)
    wanted = ((own + 1) * 127.5).round().permute(1, 2, 0).numpy()
    assert np.array_equal(seeded.image(), wanted)
    assert seeded.image(max_side=16).shape == (16, 16, 3)
    assert seeded.psnr is None and seeded.quality_score.startswith("exact")


def test_dragging_a_seed_changes_its_picture(seeded: DragEditor) -> None:
    before = seeded.image()
    drag(seeded)
    assert not np.array_equal(seeded.image(), before)
    assert np.array_equal(seeded.image(0), before)


def test_a_new_picture_starts_a_new_timeline(editor: DragEditor) -> None:
    drag(editor)
    editor.set_seed(1)
    assert len(editor.timeline) == 1 and editor.image().shape == (32, 32, 3)


def test_a_refused_picture_leaves_the_edit_as_it_was(editor: DragEditor) -> None:
    steps = drag(editor)
    with pytest.raises(BadPicture):
        editor.set_image(np.zeros((10, 10, 4), np.uint8))
    assert editor.position == steps[-1].index


def test_pixels_that_are_no_numbers_are_mentioned(tiny_generator: Any) -> None:
    native = np.full((20, 20, 3), np.float32(0.5))
    native[3, 3] = np.nan
    editor = DragEditor(tiny_generator)
    list(editor.set_image(native))
    assert editor.notes == ("1 pixel without a finite value was read as 0.",)


BAD = [
    ([], [], None, "no handle"),
    ([(1, 1)], [], None, "no target"),
    ([(1, 1), (2, 2)], [(3, 3)], None, "2 handles but 1 targets"),
    ([(1, 1)], [(1, 1)], None, "nowhere|anywhere to go"),
    ([(60, 1)], [(3, 3)], None, "handle at 60, 1 lies outside"),
    ([(1, 1)], [(3, -1)], None, "target at 3, -1 lies outside"),
    ([(np.nan, 1)], [(3, 3)], None, "lies outside"),
    ([(1, np.inf)], [(3, 3)], None, "lies outside"),
    ([(1, 1, 1)], [(3, 3, 3)], None, "pair of numbers"),
    (["ab"], [(3, 3)], None, "pair of numbers"),
    ([[1, 1], [2]], [(3, 3)], None, "pair of numbers"),
    ([(1, 1)], [(3, 3)], np.ones((50, 40)), "mask is 40 x 50, the picture 50 x 40"),
    ([(1, 1)], [(3, 3)], np.ones((40, 50, 3)), "the picture 50 x 40"),
    ([(1, 1)], [(3, 3)], np.zeros((40, 50)), "mask is empty"),
    ([(1, 1)], [(3, 3)], np.full((40, 50), np.nan), "mask is empty"),
    ([(1, 1)], [(3, 3)], np.full((40, 50), "x"), "not understood"),
]


@pytest.mark.parametrize(("handles", "targets", "mask", "sentence"), BAD)
def test_bad_input_is_refused_before_anything_moves(
    editor: DragEditor, handles: Any, targets: Any, mask: Any, sentence: str
) -> None:
    with pytest.raises(DragganError, match=sentence):
        editor.drag(handles, targets, mask=mask)
    assert len(editor.timeline) == 1


def test_points_on_the_pictures_edge_are_inside(editor: DragEditor) -> None:
    assert list(editor.drag([(0, 0), (50, 40)], [(3, 3), (50, 40)], options=FEW))


def test_nothing_can_be_done_before_a_picture_is_set(tiny_generator: Any) -> None:
    editor = DragEditor(tiny_generator)
    for attempt in (editor.image, editor.back, lambda: drag(editor), lambda: editor.seek(0)):
        with pytest.raises(BadInput):
            attempt()


def test_a_step_that_is_not_there_is_refused(editor: DragEditor) -> None:
    for index in (-1, 1):
        with pytest.raises(BadInput, match="no step"):
            editor.image(index)


def test_unknown_qualities_and_wrong_weights_are_refused(editor: DragEditor) -> None:
    with pytest.raises(BadInput, match="quality"):
        editor.set_image(picture(), quality="superb")
    with pytest.raises(BadInput, match="weight is 3 x 2"):
        editor.set_image(picture(), weight=np.ones((2, 3)))


def test_a_draft_is_near_the_picture_and_windows_lead_to_the_same_one(tiny_generator):
    options = DragOptions(steps=3, r1=48, r2=64, pull=48, lr=0.1, space="w+", block=16)
    pictures = []
    for windows in ("never", "always"):
        editor = DragEditor(tiny_generator)
        editor.set_seed(4)
        list(editor.drag([(14, 16)], [(19, 16)], options=replace(options, windows=windows)))
        pictures += [editor.image().astype(int), editor.image(draft=True).astype(int)]
    whole, draft, windowed, other_draft = pictures
    assert np.abs(whole - windowed).max() <= 1
    assert np.abs(whole - draft).mean() < 2 and np.abs(windowed - other_draft).mean() < 2


def test_only_drafts_go_on_from_a_fresh_steps_maps_and_in_half(
    tiny_generator, monkeypatch: pytest.MonkeyPatch
):
    asked: list[tuple[str, object]] = []
    for name in ("features", "render_from", "render"):
        plain = getattr(tiny_generator, name)

        def spy(*args, name=name, plain=plain, **options):
            asked.append((name, options.get("precision")))
            return plain(*args, **options)

        monkeypatch.setattr(tiny_generator, name, spy)
    monkeypatch.setattr("draggan.edit_pictures.fast_precision", lambda device: torch.bfloat16)
    editor = DragEditor(tiny_generator)
    editor.set_seed(4)
    options = DragOptions(steps=2, r1=48, r2=64, pull=48, lr=0.1, space="w+", block=16)
    list(editor.drag([(14, 16)], [(24, 16)], options=options))
    asked.clear()
    for index, draft in ((2, False), (2, True), (1, False)):
        editor.image(index, draft=draft)
    exact = [("render", None)]
    assert asked == [*exact, ("render_from", torch.bfloat16), *exact]


def test_a_picture_that_is_no_draft_is_the_same_at_any_later_time(editor: DragEditor) -> None:
    drag(editor)
    first, last = editor.image(), editor.position
    drag(editor)
    assert np.array_equal(editor.image(last), first)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_pixel_has_changed_if_any_sample_has(tiny_generator: Any, channels: int) -> None:
    editor, native = DragEditor(tiny_generator), picture(channels=channels)
    list(editor.set_image(native))
    assert not editor.changed(editor.image()).any()
    drag(editor)
    result = editor.image()
    wanted = (result != native).any(axis=2)
    assert wanted.any() and np.array_equal(editor.changed(result), wanted)


def test_a_seeds_changes_are_told_too(seeded: DragEditor) -> None:
    before = seeded.image()
    drag(seeded)
    wanted = (seeded.image() != before).any(axis=2)
    assert wanted.any() and np.array_equal(seeded.changed(seeded.image()), wanted)


def test_numbers_that_are_none_leave_the_timeline_at_the_last_good_step(
    editor: DragEditor,
) -> None:
    drag(editor)
    before, seen = editor.position, []
    wild = DragOptions(steps=9, lr=1e30)
    with pytest.raises(BadNumbers):
        seen.extend(step.index for step in editor.drag([(20, 15)], [(30, 15)], options=wild))
    assert editor.position == before == len(editor.timeline) - 1
    assert drag(editor)[-1].index > before


def test_a_timeline_without_room_ends_a_drag_in_words(
    editor: DragEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("draggan.saved_edit.MAX_STATES", 3)
    with pytest.raises(BadInput, match="as many steps as it may have"):
        drag(editor)
    assert editor.position == 2 == len(editor.timeline) - 1


def test_memory_that_was_given_back_changes_no_picture(
    editor: DragEditor, seeded: DragEditor
) -> None:
    for one in (editor, seeded):
        drag(one)
        before = [one.image(index, max_side=30) for index in range(one.position + 1)]
        tuned = one.generator
        one.release()
        assert one.generator is one.base or one.generator is not tuned
        after = [one.image(index, max_side=30) for index in range(one.position + 1)]
        assert all(map(np.array_equal, before, after))
        assert drag(one)[-1].index > len(before) - 1


def test_tuning_that_leads_to_no_numbers_is_not_kept(
    tiny_generator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = tuning.tune

    def spoilt(*args: Any, **options: Any) -> Any:
        for step in plain(*args, **options):
            yield replace(step, psnr=float("nan"))

    monkeypatch.setattr("draggan.tuning.tune", spoilt)
    editor = DragEditor(tiny_generator)
    list(editor.set_image(picture()))
    assert editor.generator is editor.base and np.isfinite(editor.psnr)  # type: ignore[arg-type]


# Finding more while the picture is dragged already.


def until_ready(editor: DragEditor, native: np.ndarray | None = None, **how: Any) -> Any:
    """The stream of a picture that has become ready, and is paused."""
    stream = editor.set_image(picture() if native is None else native, **how)
    assert next(step for step in stream if step.ready)
    return stream


def drawn(generator: Any) -> np.ndarray:
    """A picture that the generator can draw exactly."""
    made_up = DragEditor(generator)
    made_up.set_seed(5)
    return made_up.image()


def test_a_picture_is_dragged_while_the_rest_is_still_to_be_found(tiny_generator: Any) -> None:
    editor = DragEditor(tiny_generator)
    stream = until_ready(editor, drawn(tiny_generator))
    before_psnr = editor.psnr
    list(editor.drag([(12, 15)], [(20, 15)], options=FEW))
    editor.seek(2)
    before = editor.timeline
    assert list(stream)[-1].stage == "done"
    after, way = editor.timeline, editor.timeline[0].ws - before[0].ws
    assert way.abs().max() > 0 and editor.psnr > before_psnr  # type: ignore[operator]
    assert editor.position == 2 and len(after) == len(before)
    for old, new in zip(before[1:], after[1:], strict=True):
        torch.testing.assert_close(new.ws, old.ws + way)
        assert torch.equal(new.points, old.points) and new.mask is old.mask
    assert list(editor.drag([(12, 15)], [(20, 15)], options=FEW))[-1].index == 6


def test_going_on_during_a_drag_is_refused_and_possible_after_it(tiny_generator: Any) -> None:
    editor = DragEditor(tiny_generator)
    stream = until_ready(editor)
    dragging = editor.drag([(20, 15)], [(30, 15)], options=FEW)
    next(dragging)
    with pytest.raises(BadInput, match="being dragged") as refusal:
        next(stream)
    assert "after the drag" in refusal.value.hint
    rest = list(dragging)
    assert rest[-1].index == 4
    assert list(stream)[-1].stage == "done"


def test_another_picture_ends_the_stream_of_the_one_before(tiny_generator: Any) -> None:
    editor = DragEditor(tiny_generator)
    stream = until_ready(editor)
    other = editor.set_image(picture(20, 20))
    next(other)
    before = editor.timeline
    assert list(stream) == [] and editor.timeline == before and editor.size == (20, 20)
    editor.set_seed(1)
    assert list(other) == [] and editor.size == (32, 32)


def test_only_a_part_is_seen_and_all_around_it_stays(tiny_generator: Any) -> None:
    editor, native = DragEditor(tiny_generator), picture(100, 80)
    list(editor.set_image(native, area=(40, 20, 72, 52)))
    place = editor.saved().place
    assert place is not None and place.scale == pytest.approx(1, abs=0.2)
    assert place.centre == pytest.approx((56, 36), abs=6)
    wild = DragOptions(steps=4, lr=1.0)
    list(editor.drag([(56, 36)], [(62, 36)], options=wild))
    changed = editor.changed(editor.image())
    assert changed[24:48, 44:68].any()
    changed[10:62, 30:82] = False
    assert not changed.any()


def test_what_the_border_of_the_area_cuts_off_is_known_of_full_pictures(
    tiny_generator: Any,
) -> None:
    editor = DragEditor(tiny_generator)
    list(editor.set_image(picture(100, 80), area=(40, 20, 72, 52)))
    list(editor.drag([(56, 36)], [(62, 36)], options=DragOptions(steps=4, lr=1.0)))
    editor.image(draft=True, max_side=50)
    assert not editor.cut.inside
    editor.image()
    assert editor.cut.inside
    editor.image(0, draft=True)
    assert editor.cut.inside
    editor.image(0)
    assert not editor.cut.inside


def test_a_turned_look_turns_the_handles_with_it(tiny_generator: Any) -> None:
    native = drawn(tiny_generator)
    turned = np.ascontiguousarray(np.rot90(native, -1))  # clockwise
    upright, tilted = DragEditor(tiny_generator), DragEditor(tiny_generator)
    list(upright.set_image(native))
    list(tilted.set_image(turned, angle=90))
    place = tilted.saved().place
    assert place is not None and place.angle == pytest.approx(np.pi / 2, abs=0.3)
    assert upright.psnr == pytest.approx(tilted.psnr, abs=0.5)
    straight = list(upright.drag([(12, 9)], [(20, 9)], options=FEW))[-1]
    (point,) = list(tilted.drag([(32 - 9, 12)], [(32 - 9, 20)], options=FEW))[-1].points
    x, y = straight.points[0].tolist()
    assert point.tolist() == pytest.approx([32 - y, x], abs=0.2)


@pytest.mark.parametrize("area", [(-1, 0, 20, 20), (10, 10, 10, 20), (0, 0, 51, 40), (9, 0, 2, 9)])
def test_an_area_that_is_not_inside_is_refused(editor: DragEditor, area: Any) -> None:
    before = editor.timeline
    with pytest.raises(BadInput, match="does not lie inside the picture of 50 x 40"):
        editor.set_image(picture(), area=area)
    assert editor.timeline == before


def test_the_reconstruction_is_the_models_own_picture_in_the_pictures_form(
    tiny_generator: Any,
) -> None:
    editor, native = DragEditor(tiny_generator), picture(32, 32)
    list(editor.set_image(native))
    own = editor.reconstruction()
    assert own.shape == native.shape and own.dtype == native.dtype
    assert decibels(native, own) == pytest.approx(editor.psnr, abs=0.3)
    drag(editor)
    assert not np.array_equal(editor.reconstruction(), own)
    assert np.array_equal(editor.reconstruction(0), own)
    assert editor.reconstruction(max_side=16).shape == (16, 16, 3)


def test_what_the_model_knew_before_is_drawn_without_what_it_has_learnt(
    editor: DragEditor,
) -> None:
    known, learnt = (editor.reconstruction(0, known=k) for k in (True, False))
    assert decibels(picture(), learnt) > decibels(picture(), known) + 0.1


def test_a_seeds_reconstruction_is_its_picture(seeded: DragEditor) -> None:
    assert np.array_equal(seeded.reconstruction(), seeded.image())


def test_how_well_the_model_knows_a_picture_is_said_in_words(
    tiny_generator: Any, seeded: DragEditor
) -> None:
    editor = DragEditor(tiny_generator)
    stream = editor.set_image(picture())
    next(stream)
    assert editor.likeness is None and editor.quality_score == "not known yet"
    list(stream)
    assert editor.likeness is not None and editor.likeness.score < 0.45
    assert editor.quality_score.startswith("poor")
    assert seeded.likeness is None


def test_of_a_picture_too_all_that_is_no_draft_is_exact(
    editor: DragEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    drag(editor)
    exact = editor.image()
    drafts = []
    for precision in (None, torch.bfloat16):
        monkeypatch.setattr("draggan.model_pictures.fast_precision", lambda device, p=precision: p)
        drafts.append(editor.image(draft=True))
        assert np.array_equal(editor.image(), exact)
        assert np.abs(exact.astype(int) - drafts[-1]).mean() < 4
    assert not np.array_equal(drafts[0], drafts[1])


def test_how_it_comes_into_the_picture_can_be_chosen(editor: DragEditor) -> None:
    drag(editor)
    ways = [PasteOptions(), PasteOptions(what="all"), PasteOptions(detail=False)]
    ways.append(PasteOptions(seam=True))
    pictures = [editor.image(paste=way).tobytes() for way in ways]
    assert len(set(pictures)) == 4
    assert editor.image(0, paste=ways[1]).tobytes() == picture().tobytes()
