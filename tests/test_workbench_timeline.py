"""What has been seen of an edit's steps."""

from __future__ import annotations

from draggan_wire.workbench import timeline


def test_each_step_that_was_seen_has_its_picture() -> None:
    seen = timeline.Timeline()
    for step in (5, 0, 3):
        seen.see(step, f"picture {step}")
    assert seen.seen == (0, 3, 5)
    assert seen.thumbnail(3) == "picture 3"
    assert seen.thumbnail(4) is None


def test_a_step_that_is_seen_again_looks_as_it_did_last() -> None:
    seen = timeline.Timeline()
    seen.see(1, "early")
    seen.see(1, "late")
    assert seen.thumbnail(1) == "late"


def test_what_comes_after_a_step_can_be_forgotten() -> None:
    seen = timeline.Timeline()
    for step in range(6):
        seen.see(step, step)
        seen.note(step, [(float(step), 0.0)])
    seen.cut(2)
    assert seen.seen == (0, 1, 2)
    assert seen.trails(0, 5) == (((0.0, 0.0), (1.0, 0.0), (2.0, 0.0)),)


def test_of_very_many_pictures_some_between_the_ends_are_dropped() -> None:
    seen = timeline.Timeline()
    for step in range(10_000):
        seen.see(step, step)
        assert len(seen.seen) <= timeline.MOST_THUMBNAILS
    assert seen.seen[0] == 0 and seen.seen[-1] == 9999
    assert len(seen.seen) > timeline.MOST_THUMBNAILS // 3


def test_a_trail_leads_from_where_the_drag_began_to_the_step() -> None:
    seen = timeline.Timeline()
    for step in range(5):
        seen.note(step, [(step, 1.0), (9.0, step)])
    assert seen.trails(1, 3) == (
        ((1, 1.0), (2, 1.0), (3, 1.0)),
        ((9.0, 1), (9.0, 2), (9.0, 3)),
    )


def test_other_handles_than_now_leave_no_trail() -> None:
    seen = timeline.Timeline()
    seen.note(0, [(0.0, 0.0), (1.0, 1.0)])
    seen.note(1, [(5.0, 5.0)])
    seen.note(2, [(6.0, 5.0)])
    assert seen.trails(0, 2) == (((5.0, 5.0), (6.0, 5.0)),)


def test_nothing_seen_is_no_trail() -> None:
    assert timeline.Timeline().trails(0, 3) == ()
