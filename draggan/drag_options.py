"""What shapes a drag, and the presets; imports no more than the names of the spaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .latent import Space


@dataclass(frozen=True)
class DragOptions:
    """Everything that shapes a drag. Lengths marked [512] are pixels of a 512 px picture and scale
    with the picture's longer side."""

    loop: Literal["native", "paper", "released"] = "native"
    steps: int = 200  # at most this many
    lr: float = 0.01  # of Adam; in the prior space in standard deviations
    space: Space = "prior"
    local: float = 0.3  # prior space: weight of each row's own offset; 1 once nothing moves
    block: int | None = None  # resolution of the features; None: the generator's choice
    windows: Literal["auto", "always", "never"] = "auto"  # compute features near handles only
    precision: Literal["float32", "bfloat16", "float16"] = "float32"  # of maps on their way there
    kernels: bool = True  # packed weights on a CPU, graphs on a GPU; off: plain torch
    batch: int | None = None  # steps between two looks at them; None: 1 on a CPU, more on a GPU
    rows: int = 6  # leading rows of W+ that may change, as far as they reach the block
    r1: float = 6.0  # radius of motion supervision [512]
    r2: float = 12.0  # radius of point tracking [512]
    pull: float = 4.0  # length of d, the step that the supervision asks for [512]
    stop: float = 1.0  # a handle this near its target has arrived [512], never below half a pixel
    lambda_mask: float = 17.0
    mask_block: int | None = None  # whose features stay outside of the mask; None: `block` / 2
    reconstruction: float = 0.0  # weight of the change of the picture itself
    perceptual: float = 0.0  # weight of the change of perceptual features of the picture
    clip: float | None = None  # bound on w, in standard deviations from the mean
    ball: float | None = None  # bound on the distance from the start, in standard deviations


PRESETS = {
    "default": DragOptions(),
    # Section 4 and the supplement of the paper: W+, first six rows, block 6, Adam 2e-3, 300 steps.
    "paper": DragOptions(loop="paper", steps=300, lr=2e-3, space="w+", r1=3, lambda_mask=20),
    # The released code's user interface: Adam 1e-3, L2 tracking, stops at 2 px.
    "released": DragOptions(
        loop="released", steps=300, lr=1e-3, space="w+", r1=3, stop=2, lambda_mask=20
    ),
}
