"""How much may be asked of the daemon: messages, bytes, computing; standard library only.

A bucket holds what may be used at once and fills at the rate that is allowed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from draggan_wire.errors import ConnectionLost, LimitExceeded

BURST_SECONDS = 4.0  # of the rate that may come at once
MESSAGES_PER_SECOND, MESSAGES_AT_ONCE = 1000.0, 8000.0
HOUR = 3600.0
MAX_BUCKETS = 4096  # users that are remembered
FEW_BUCKETS = 64  # up to so many, nobody looks which of them are still needed


@dataclass
class _Bucket:
    level: float
    filled: float


class Quota:
    """One rate for each user, or connection. `rate` is what comes back in a second, 0 for no limit
    at all; `burst` is what may be used at once."""

    def __init__(
        self, rate: float, burst: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: dict[str, _Bucket] = {}
        self._many = FEW_BUCKETS

    def use(self, user: str, amount: float) -> bool:
        """Takes `amount`, which may leave a debt of a second's worth; whether the user was within
        the limit before."""
        if not self._rate:
            return True
        bucket = self._filled(user)
        within = bucket.level > 0
        bucket.level = max(bucket.level - amount, -self._rate)
        return within

    def left(self, user: str) -> bool:
        """Whether the user is within the limit."""
        return not self._rate or self._filled(user).level > 0

    def _filled(self, user: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(user)
        if bucket is None:
            if len(self._buckets) >= self._many:
                self._forget(now)
            bucket = self._buckets[user] = _Bucket(self._burst, now)
        bucket.level = self._level(bucket, now)
        bucket.filled = now
        return bucket

    def _level(self, bucket: _Bucket, now: float) -> float:
        return min(self._burst, bucket.level + (now - bucket.filled) * self._rate)

    def _forget(self, now: float) -> None:
        """A bucket that is full again is as good as none: most connections are gone for long."""
        found = self._buckets.items()
        kept = {user: one for user, one in found if self._level(one, now) < self._burst}
        self._buckets = kept if len(kept) < MAX_BUCKETS else {}
        self._many = min(MAX_BUCKETS, max(FEW_BUCKETS, 2 * len(self._buckets)))


def bytes_quota(
    bytes_per_second: int, largest: int, *, clock: Callable[[], float] = time.monotonic
) -> Quota:
    """Of bytes; two of the largest messages may always come one after the other."""
    burst = max(BURST_SECONDS * bytes_per_second, 2.0 * largest)
    return Quota(float(bytes_per_second), burst, clock=clock)


def messages_quota(*, clock: Callable[[], float] = time.monotonic) -> Quota:
    """Of one connection's messages of any kind: an editor sends a few dozen a second."""
    return Quota(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE, clock=clock)


def computing_quota(
    seconds_per_hour: float, *, clock: Callable[[], float] = time.monotonic
) -> Quota:
    """Of seconds of computing; an hour's worth may be used at once."""
    return Quota(seconds_per_hour / HOUR, seconds_per_hour, clock=clock)


def too_many_bytes(bytes_per_second: int) -> LimitExceeded:
    error = LimitExceeded(
        f"This daemon takes {bytes_per_second} bytes a second from each user.",
        hint="Send less at once, or raise bytes_per_second in the daemon's settings.",
    )
    error.retry_after = BURST_SECONDS
    return error


def too_many_messages() -> ConnectionLost:
    return ConnectionLost(
        f"The daemon has hung up: it reads {MESSAGES_PER_SECOND:g} messages a second of each "
        "connection.",
        hint="Something sends without end: restart the program that does.",
    )


def too_much_unfinished() -> ConnectionLost:
    return ConnectionLost(
        "The daemon has hung up: more large messages have been begun than it can hold.",
        hint="Close other editors that send pictures at the same time.",
    )


def too_much_computing(seconds_per_hour: float) -> LimitExceeded:
    return LimitExceeded(
        f"This daemon computes {seconds_per_hour:g} seconds an hour for each user, which are used.",
        hint="Go on later, or raise compute_seconds_per_hour in the daemon's settings.",
    )
