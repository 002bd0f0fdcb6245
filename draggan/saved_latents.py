"""The latents of a timeline, small: each step's way in whole numbers of eight bits; numpy alone.

The steps of a drag are short and many. Of most of them only the way from the step before is kept,
as int8 multiples of a power of two that suits this step. The way is measured from where the reader
will be, not from where the timeline was (a closed loop): what rounding leaves, the next step takes
along, so that no error grows, and each latent is within half a unit of its own. Powers of two make
reading exact, and what was read is written as it was.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

LARGEST = 127.4  # in units: it rounds to 127, whether it was rounded before or not
LEAST_POWER, LARGEST_POWER = -100, 100  # of a unit


def shortened(latents: NDArray, exact: Collection[int]) -> tuple[NDArray, NDArray]:
    """The ways of all states but the first and the `exact` ones: (powers int8 (N,), deflated).

    `latents` (S, rows, width) float32. The units of step k are 2 ** powers[k].
    """
    powers, ways, reader = [], [], latents[0]
    for index in range(1, len(latents)):
        if index in exact:
            reader = latents[index]
            continue
        way = latents[index].astype(np.float64) - reader
        power = _power(float(np.abs(way).max(initial=0.0)))
        units = np.rint(np.ldexp(way, -power)).clip(-127, 127).astype(np.int8)
        reader = _gone(reader, units, power)
        powers.append(power)
        ways.append(units)
    plain = b"".join(units.tobytes() for units in ways)
    return np.array(powers, np.int8), np.frombuffer(zlib.compress(plain, 6), np.uint8)


def lengthened(
    pivot: NDArray, powers: NDArray, ways: NDArray, exact: dict[int, NDArray]
) -> NDArray:
    """All latents (S, rows, width) float32 again.

    `pivot` (rows, width), `ways` int8 (N, rows, width) with their `powers` (N,); `exact` the states
    that were kept as they are, by their place.
    """
    count = 1 + len(powers) + len(exact)
    latents = np.empty((count, *pivot.shape), np.float32)
    latents[0] = pivot
    steps = iter(zip(ways, powers.tolist(), strict=True))
    for index in range(1, count):
        if index in exact:
            latents[index] = exact[index]
        else:
            latents[index] = _gone(latents[index - 1], *next(steps))
    return latents


def _power(longest: float) -> int:
    """Of the smallest unit in which such a way has at most LARGEST of them."""
    if not 0 < longest < np.inf:
        return LEAST_POWER
    power = int(np.ceil(np.log2(longest / LARGEST)))
    return min(max(power, LEAST_POWER), LARGEST_POWER)


def _gone(start: NDArray, units: NDArray, power: int) -> NDArray:
    return start + np.ldexp(units.astype(np.float32), power)
