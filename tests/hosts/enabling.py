"""Which editors the host tests run on, as the environment says; standard library only."""

from __future__ import annotations

import os
from collections.abc import Mapping

VARIABLE = "DRAGGAN_HOSTS"
KRITAS = ("krita-5.2", "krita-5.3", "krita-6.0")
GIMPS = ("gimp-3.0", "gimp-3.2")
KNOWN = KRITAS + GIMPS

HOW = (
    f"Host tests are off: {VARIABLE}={KRITAS[0]},{KRITAS[2]},{GIMPS[0]} runs them in real Krita "
    "and GIMP (Linux, root, debootstrap; the first time makes root file systems, minutes each)."
)


class UnknownHost(ValueError):
    """A name in DRAGGAN_HOSTS that is none of KNOWN."""


def wanted_hosts(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The names in DRAGGAN_HOSTS, each once, in the order given; raises UnknownHost."""
    names = [name.strip() for name in environment.get(VARIABLE, "").split(",")]
    names = [name for name in dict.fromkeys(names) if name]
    for name in names:
        if name not in KNOWN:
            raise UnknownHost(f"{VARIABLE}: no host is called '{name}'; use {', '.join(KNOWN)}.")
    return tuple(names)
