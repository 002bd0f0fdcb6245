from __future__ import annotations

import pytest
from draggan_wire.link import FASTEST, NEWS_EVERY, PING_EVERY, LinkMeter
from draggan_wire.messages import Link


def measured(*trips: float, start: float = 0.0) -> LinkMeter:
    """A meter that has seen these round trips, in seconds."""
    meter = LinkMeter()
    meter.connected(start, wanted=True)
    ping(meter, *trips)
    return meter


def ping(meter: LinkMeter, *trips: float) -> None:
    for number, trip in enumerate(trips, start=1):
        meter.pinged(number, 100.0)
        assert meter.pong(number, 100.0 + trip)


def test_the_first_pings_follow_each_other_and_the_later_ones_are_rare():
    meter = LinkMeter()
    assert meter.wait(7.0) is None
    meter.connected(7.0, wanted=True)
    for number in (1, 2, 3):
        assert meter.wait(7.0) == 0
        meter.pinged(number, 7.0)
        assert meter.wait(7.0) == PING_EVERY
        meter.pong(number, 7.0)
    assert meter.wait(7.0) == PING_EVERY


def test_a_daemon_that_does_not_want_to_know_is_not_pinged():
    meter = LinkMeter()
    meter.connected(7.0, wanted=False)
    assert meter.wait(1000.0) is None and meter.news(1000.0) is None


def test_other_pongs_are_not_the_meters():
    meter = measured(0.04)
    assert not meter.pong(None, 1.0) and not meter.pong(99, 1.0)
    assert not meter.pong(1, 1.0)  # a second time


def test_the_round_trip_is_the_shortest_of_the_last_eight():
    meter = measured(0.01, *[0.05] * 7)
    assert meter.round_trip == pytest.approx(0.01)
    ping(meter, 0.05)
    assert meter.round_trip == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("trip", "credit"), [(0.0002, 2), (0.02, 2), (0.04, 3), (0.1, 4), (0.21, 8), (3.0, 8)]
)
def test_credit_fills_the_way_at_thirty_frames_a_second(trip: float, credit: int):
    assert measured(trip).credit == credit
    assert LinkMeter().credit == 2


def test_previews_that_take_long_do_not_queue_up_before_a_stop():
    meter = measured(0.04)
    meter.transferred(5_000_000, 1.0)
    meter.preview(63_000)
    assert meter.credit == 3  # the way carries more than thirty of them a second
    for _ in range(8):
        meter.preview(500_000)
    assert meter.credit == 2
    meter.connected(0.0, wanted=True)
    ping(meter, 0.04)
    assert meter.credit == 3


def test_bandwidth_is_the_middle_of_what_came_last():
    meter = measured(0.04)
    assert meter.bytes_per_second is None
    for size in (1_000_000, 5_000_000, 1_100_000):
        meter.transferred(size, 1.0)
    assert meter.bytes_per_second == 1_100_000
    for _ in range(8):
        meter.transferred(3_000_000, 1.0)
    assert meter.bytes_per_second == 3_000_000


def test_a_moment_of_being_busy_does_not_make_this_computer_slow():
    meter = measured(0.0002)
    for seconds in (0.0001, 0.05, 0.0, 0.0002, 0.0001):
        meter.transferred(500_000, seconds)
    assert meter.bytes_per_second == FASTEST


def test_the_daemon_is_told_after_three_pings_and_then_only_of_changes():
    meter = measured(0.04, 0.04)
    assert meter.news(1.0) is None
    ping(meter, 0.04)
    assert meter.news(1.0) == Link(pytest.approx(40.0), None)
    ping(meter, 0.039)
    assert meter.news(10.0) is None
    meter.transferred(1_000_000, 1.0)
    assert meter.news(10.0) == Link(pytest.approx(39.0), 1e6)
    meter.transferred(1_400_000, 1.0)
    assert meter.news(20.0) is None  # the middle has moved by a fifth
    for _ in range(8):
        meter.transferred(1_400_000, 1.0)
    assert meter.news(20.0) == Link(pytest.approx(39.0), 1.4e6)
    ping(meter, *[0.06] * 8)
    assert meter.news(20.0 + NEWS_EVERY / 2) is None
    assert meter.news(20.0 + NEWS_EVERY) == Link(pytest.approx(60.0), 1.4e6)


def test_round_trips_within_this_computer_are_all_the_same():
    meter = measured(0.0001, 0.0001, 0.0001)
    assert meter.news(1.0) is not None
    ping(meter, *[0.0009] * 8)
    assert meter.news(9.0) is None


def test_a_new_connection_is_told_anew_and_meanwhile_the_old_credit_holds():
    meter = measured(0.1, 0.1, 0.1)
    assert meter.news(49.9) is not None
    meter.connected(50.0, wanted=True)
    assert meter.credit == 4 and meter.news(50.0) is None
    ping(meter, 0.19, 0.19, 0.19)
    assert meter.credit == 7 and meter.news(50.0) is not None
