from __future__ import annotations

import pytest
from draggan_wire.pace import FIRST, LATE, MOMENT, MOST, SMALLEST, Pace
from draggan_wire.parts import PART


def upload(pace: Pace, *, rate: float, trip: float, seconds: float) -> tuple[float, float]:
    """Sends over a simulated way; returns bytes per second and the longest wait of a new message.

    A message that is sent after a piece arrives when all pieces before it have.
    """
    now, free, sent, longest, number = 0.0, 0.0, 0, 0.0, 0
    pongs: list[tuple[float, int]] = []
    while now < seconds:
        while pace.allows(now, trip):
            number += 1
            pace.sent(number, pace.piece, now)
            sent += pace.piece
            free = max(free, now) + pace.piece / rate
            pongs.append((free + trip, number))
        if now > seconds / 2:  # the pace is found by then
            longest = max(longest, free - now)
        now, done = pongs.pop(0)
        pace.arrived(done, now, trip)
    return sent / now, longest


@pytest.mark.parametrize(
    ("rate", "trip"),
    [
        (1e6, 0.001),  # 8 Mbit/s nearby
        (6.25e6, 0.04),  # 50 Mbit/s and 40 ms
        (250e3, 0.05),  # the upload of a home
        (125e6, 0.0005),  # an office
        (2e9, 0.0001),  # this computer
    ],
)
def test_a_link_is_used_and_what_is_urgent_waits_for_a_moment_only(rate: float, trip: float):
    used, wait = upload(Pace(), rate=rate, trip=trip, seconds=10.0)
    assert used > 0.6 * rate
    assert wait < 2 * MOMENT


def test_a_slow_link_gets_small_pieces_but_never_too_small_ones():
    pace = Pace()
    assert pace.piece == FIRST
    upload(pace, rate=400e3, trip=0.02, seconds=5.0)
    assert pace.piece == pytest.approx(40e3, rel=0.2)
    upload(pace, rate=1e3, trip=0.02, seconds=500.0)
    assert pace.piece == SMALLEST


def test_no_piece_is_larger_than_a_part_and_no_more_is_under_way_than_agreed():
    pace = Pace()
    upload(pace, rate=1e12, trip=1.0, seconds=20.0)
    assert pace.piece == PART
    count = 0
    while pace.allows(100.0, 1.0) and count < 100:
        count += 1
        pace.sent(1000 + count, pace.piece, 100.0)
    assert count * PART <= MOST + PART


def test_nothing_more_leaves_before_the_first_piece_has_arrived():
    pace = Pace()
    assert pace.allows(1.0, 0.1)
    pace.sent(1, pace.piece, 1.0)
    assert not pace.allows(1.2, 0.1)
    assert pace.arrived(1, 1.2, 0.1) and pace.allows(1.2, 0.1)


def test_pongs_that_stand_behind_a_large_answer_do_not_stop_an_upload():
    pace = Pace()
    pace.sent(1, pace.piece, 1.0)
    assert not pace.allows(1.0 + LATE - 0.01, 0.1) and pace.allows(1.0 + LATE, 0.1)


def test_other_pongs_are_not_the_paces():
    pace = Pace()
    pace.sent(1, pace.piece, 1.0)
    assert not pace.arrived(None, 1.1, 0.1) and not pace.arrived(2, 1.1, 0.1)
