"""Sharing the processor with the editor beside us; standard library only.

To be called before torch and numpy are loaded.

Torch's CPU threads wait for each other by spinning, as long as it takes. On a machine where an
editor is busy as well, one of them is often not running at all, and the others burn the very core
that it needs: a drag step of 30 ms then takes a second. A short spin costs a quarter of the speed
of such small networks on an idle machine, and saves most of that second on a busy one.

Numpy's matrices have threads of their own, which get into the way of torch's: to find a picture
took 6.5 s on two idle cores with them, and takes 2.7 s without.
"""

from __future__ import annotations

import os

SPINS = "1000"  # some microseconds, then sleep


def share_the_cores() -> None:
    """Make OpenMP's threads sleep soon and numpy do without; what the user has set stays. No effect
    once torch and numpy are in."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
