"""Buckets of bytes, messages and computing: what fits, what does not, what comes back by itself."""

from __future__ import annotations

from draggan_daemon.quota import (
    FEW_BUCKETS,
    MAX_BUCKETS,
    MESSAGES_AT_ONCE,
    MESSAGES_PER_SECOND,
    Quota,
    bytes_quota,
    computing_quota,
    messages_quota,
)


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def test_what_is_used_comes_back_at_the_rate_that_is_allowed() -> None:
    clock = Clock()
    quota = Quota(10.0, 100.0, clock=clock)
    assert quota.use("anna", 100)
    assert not quota.left("anna") and not quota.use("anna", 1)
    clock.now += 1
    assert quota.left("anna") and quota.use("anna", 5)
    clock.now += 1000
    quota.use("anna", 99)
    assert quota.left("anna")  # never more than the burst, and never less after a long rest
    quota.use("anna", 2)
    assert not quota.left("anna")


def test_a_debt_has_a_bound() -> None:
    clock = Clock()
    quota = Quota(10.0, 100.0, clock=clock)
    for _ in range(50):
        quota.use("anna", 1000)
    clock.now += 1.1
    assert quota.left("anna")


def test_users_do_not_share_a_bucket() -> None:
    quota = Quota(1.0, 10.0, clock=Clock())
    quota.use("anna", 50)
    assert not quota.left("anna") and quota.left("ben")


def test_who_used_too_much_is_remembered_however_many_come_after() -> None:
    clock = Clock()
    quota = Quota(0.001, 10.0, clock=clock)
    quota.use("anna", 50)
    for number in range(3 * MAX_BUCKETS):
        quota.left(f"visitor {number}")
    assert not quota.left("anna")


def test_connections_that_are_gone_are_forgotten() -> None:
    clock = Clock()
    quota = messages_quota(clock=clock)
    for number in range(1000):
        quota.use(f"connection {number}", 1)
        clock.now += 0.1
    assert len(quota._buckets) <= FEW_BUCKETS


def test_no_more_are_remembered_than_there_is_room_for() -> None:
    quota = Quota(0.001, 10.0, clock=Clock())
    for number in range(3 * MAX_BUCKETS):
        quota.use(f"visitor {number}", 5)
    assert len(quota._buckets) <= MAX_BUCKETS


def test_a_rate_of_nothing_is_no_limit() -> None:
    quota = Quota(0.0, 0.0, clock=Clock())
    assert quota.use("anna", 1e12) and quota.left("anna")


def test_two_of_the_largest_messages_always_pass() -> None:
    quota = bytes_quota(1000, 1 << 27, clock=Clock())
    assert quota.use("anna", 1 << 27) and quota.left("anna")


def test_an_hour_of_computing_may_be_used_at_once_and_takes_an_hour_to_come_back() -> None:
    clock = Clock()
    quota = computing_quota(60.0, clock=clock)
    quota.use("anna", 61.0)
    assert not quota.left("anna")
    clock.now += 3600
    quota.use("anna", 59.0)
    assert quota.left("anna")


def test_a_picture_in_parts_is_no_flood() -> None:
    quota = messages_quota(clock=Clock())
    assert all(quota.use("anna", 1) for _ in range(int(MESSAGES_AT_ONCE)))
    assert not quota.use("anna", 1) and MESSAGES_PER_SECOND >= 500
