"""What the speed table compares: the rows, in the order in which they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from draggan.drag import PRESETS, DragOptions
from draggan.errors import BadInput

OURS = PRESETS["default"]


@dataclass(frozen=True)
class Contender:
    """One way of dragging. `options` None: the released code itself."""

    name: str
    title: str
    options: DragOptions | None
    costs: bool = False  # on a network that computes as the released code does
    precision: str = "float32"


CONTENDERS = (
    Contender("released-code", "released code", None),
    Contender("released-costs", "released, its costs", PRESETS["released"], costs=True),
    Contender("released", "released preset", PRESETS["released"]),
    Contender("paper", "paper preset", PRESETS["paper"]),
    Contender("full", "ours, full map", replace(OURS, windows="never", precision="float32")),
    Contender("windowed", "ours, windows", replace(OURS, windows="always", precision="float32")),
    Contender("auto", "ours", replace(OURS, precision="float32")),
    Contender("plain", "ours, plain torch", replace(OURS, kernels=False)),
    Contender("half", "ours, bfloat16", replace(OURS, precision="bfloat16"), precision="bfloat16"),
)
BASELINES = ("released-code", "released-costs")  # the first of them that ran is what ratios mean

ROUNDING = "the order of additions"
# Pairs whose latents should agree, and where a disagreement comes from.
SAME = (
    ("released-code", "released-costs", ROUNDING),
    ("released-code", "released", ROUNDING),
    ("released-costs", "released", ROUNDING),
)
NUDGE = 2e-7  # of float32 the last digit
OURS_SAME = (
    ("full", "windowed", ROUNDING),
    ("full", "auto", ROUNDING),
    ("auto", "plain", ROUNDING),
    ("auto", "nudged", f"{NUDGE:g} of the start: what rounding comes to by itself"),
    ("full", "half", "bfloat16 maps"),
)


def find_contenders(names: Sequence[str], *, reference: bool) -> tuple[Contender, ...]:
    """Those named, all where none is; the released code only where a checkout is at hand.

    Raises BadInput.
    """
    known = {c.name: c for c in CONTENDERS}
    for name in names:
        if name not in known:
            raise BadInput(
                f"The speed table has no row called '{name}'.",
                hint=f"Choose from {', '.join(known)}.",
            )
    if "released-code" in names and not reference:
        raise BadInput(
            "The released code can only be timed where it lies.",
            hint="Name a checkout of XingangPan/DragGAN with --reference.",
        )
    chosen = [known[name] for name in names] or list(CONTENDERS)
    return tuple(c for c in chosen if c.options is not None or reference)
