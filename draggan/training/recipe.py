"""What a training run is: its stages, its network, its weights; plain values only.

Two phases. Regression: the renderer says what every latent should look like, so the generator is
simply taught to draw it, with a small fraction of the pictures that adversarial training needs.
Then, if minutes are given for it, an adversarial finish that keeps the regression loss.
"""

from __future__ import annotations

from dataclasses import dataclass

from draggan.errors import BadInput


@dataclass(frozen=True)
class Stage:
    """Some minutes of regression at one resolution."""

    resolution: int
    minutes: float
    batch: int = 16
    lr: float = 4e-3  # of Muon and of Adam

    @classmethod
    def parse(cls, text: str) -> Stage:
        """ "128:45" or "128:45:16:0.003": resolution, minutes, batch, learning rate."""
        parts = text.split(":")
        try:
            resolution, minutes = int(parts[0]), float(parts[1])
            batch = int(parts[2]) if len(parts) > 2 else cls.batch
            lr = float(parts[3]) if len(parts) > 3 else cls.lr
        except (IndexError, ValueError):
            raise BadInput(
                f"'{text}' is not a training stage.",
                hint="Write resolution:minutes[:batch[:learning rate]], as in 128:45:16:3e-3.",
            ) from None
        if minutes <= 0 or batch < 1 or lr <= 0 or resolution < 8 or resolution & (resolution - 1):
            raise BadInput(
                f"The stage '{text}' cannot be trained.",
                hint="The resolution is a power of two from 8, everything else is positive.",
            )
        return cls(resolution, minutes, batch, lr)


@dataclass(frozen=True)
class Recipe:
    """The whole run. Defaults: a 128 px model in about an hour on two CPU cores."""

    stages: tuple[Stage, ...] = (
        Stage(32, 9, lr=5e-3),
        Stage(64, 17, lr=4e-3),
        Stage(128, 44, lr=3e-3),
    )
    adversarial_minutes: float = 0.0
    adversarial_weight: float = 0.02
    adversarial_lr: float = 2e-4
    adversarial_batch: int = 8
    channel_base: int = 4096
    channel_max: int = 128
    z_dim: int = 32
    w_dim: int = 128
    mapping_layers: int = 3
    mapping_lr: float = 0.5
    style_mixing: float = (
        0.7  # share of pictures with geometry from one latent, colour from another
    )
    seed: int = 0

    @property
    def resolution(self) -> int:
        return self.stages[-1].resolution
