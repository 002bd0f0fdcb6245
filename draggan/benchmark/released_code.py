"""The released DragGAN code, run as it is from a checkout that the user names; torch only.

Nothing of it is part of this package, and nothing of it is changed: its own `Renderer` drags its
own `Generator`, which holds the weights of ours. What this environment lacks and the loop never
uses is replaced by empty modules; `Checkout.stand_ins` tells which. The checkout's code runs with
the user's rights: name one that you trust.
"""

from __future__ import annotations

import importlib
import math
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from draggan.benchmark.speed_scene import Scene
from draggan.drag import PRESETS
from draggan.errors import BadInput
from draggan.stylegan2 import Architecture, StyleGAN2, channel_schedule

NEEDED = ("viz/renderer.py", "training/networks_stylegan2.py", "torch_utils", "dnnlib", "legacy.py")
# Imported by the modules that are needed, for colour maps, downloads and command lines.
UNUSED = ("matplotlib", "matplotlib.cm", "requests", "click", "distutils", "distutils.util")
NAME = "stylegan2"  # the renderer tells the family by this word in the file's name


def check_checkout(path: Path) -> Path:
    """The checkout's absolute path. Raises BadInput where the released code is not there."""
    if all((path / name).exists() for name in NEEDED):
        return path.resolve()
    raise BadInput(
        f"{path} is no checkout of the released DragGAN code.",
        hint=f"Name the folder that holds {NEEDED[0]} and {NEEDED[1]}.",
    )


@dataclass(frozen=True)
class Checkout:
    """The released code's own classes."""

    renderer: Any
    generator: Any
    stand_ins: tuple[str, ...]  # what was replaced because it is missing here

    @classmethod
    def opened(cls, path: Path, *, cuda: bool) -> Checkout:
        """Imports the checkout's modules. Raises BadInput if they cannot be."""
        sys.path.insert(0, str(check_checkout(path)))
        stand_ins = [name for name in UNUSED if _stand_in(name)]
        try:
            renderer = importlib.import_module("viz.renderer").Renderer
            generator = importlib.import_module("training.networks_stylegan2").Generator
            stand_ins += _without_kernels() if cuda else []
        except (ImportError, AttributeError, SyntaxError) as error:
            raise BadInput(
                f"The checkout {path} cannot be run here: {error}.",
                hint="Install what it needs, or leave --reference out.",
            ) from error
        return cls(renderer, generator, tuple(stand_ins))


def _stand_in(name: str) -> bool:
    """Put an empty module in the place of one that is not installed."""
    try:
        importlib.import_module(name)
        return False
    except ImportError:
        module = _Empty(name)
        module.__path__ = []
        sys.modules[name] = module
        parent, _, leaf = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], leaf, module)
        return True


class _Empty(ModuleType):
    """Has every name, so that `from requests import anything` and decorators work."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: lambda function: function


def _without_kernels() -> list[str]:
    """Build its CUDA kernels as its own code does; where that fails, use its plain operations."""
    missing = []
    for name in ("bias_act", "upfirdn2d"):
        module: Any = importlib.import_module(f"torch_utils.ops.{name}")
        try:
            module._init()
        except Exception:  # whatever a compiler's absence raises
            module._init = lambda: False
            missing.append(f"the CUDA kernel {name} (its own plain operations instead)")
    return missing


class ReleasedWalk:
    """A drag by the released code's `Renderer`, called as its own web interface calls it."""

    def __init__(self, renderer: Any, ws: Tensor, scene: Scene, *, rate: float = 1.0) -> None:
        self.preset, self.renderer = PRESETS["released"], renderer
        self.found = _Found()
        self.renderer.init_network(
            self.found, pkl=NAME, w_load=ws, w_plus=True, lr=self.preset.lr * rate
        )
        self.points = [_index(p) for p in scene.handles]
        self.targets = [_index(p) for p in scene.targets]
        self.mask = None if scene.mask is None else 1 - scene.mask
        self.ended = False

    def step(self) -> None:
        p = self.preset
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.renderer._render_drag_impl(
                self.found,
                self.points,
                self.targets,
                self.mask,
                p.lambda_mask,
                feature_idx=min(5, len(self.renderer.G.synthesis.block_resolutions) - 1),
                r1=p.r1,
                r2=p.r2,
                is_drag=True,
                to_pil=True,
            )
        self.ended = bool(self.found.stop)

    def preview(self) -> np.ndarray:
        """The picture that every step makes, here or there."""
        return np.asarray(self.found.image)

    def latent(self) -> Tensor:
        r = self.renderer
        return torch.cat([r.w.detach()[:, :6], r.w0[:, 6:]], 1)


class _Found:
    """What the renderer tells of a step: it sets attributes."""

    image: Any = None
    stop: bool = False

    def __contains__(self, name: str) -> bool:
        return name in self.__dict__


def _index(point: tuple[float, float]) -> list[int]:
    """Row and column of the pixel."""
    return [int(point[1]), int(point[0])]


def released_renderer(checkout: Checkout, network: StyleGAN2) -> Any:
    """The checkout's own renderer, about to drag pictures of our weights."""
    renderer = checkout.renderer(disable_timing=True)
    # Where its own unpickler would have put the network that it read.
    renderer._pkl_data[NAME] = {"G_ema": released_generator(checkout, network)}
    return renderer


def released_generator(checkout: Checkout, network: StyleGAN2) -> Any:
    """The checkout's own generator with our weights, strictly; in float32 throughout.

    Raises BadInput for networks that its constructor cannot describe.
    """
    a = network.architecture
    base = _channel_base(a)
    theirs = checkout.generator(
        z_dim=a.z_dim,
        c_dim=a.c_dim,
        w_dim=a.w_dim,
        img_resolution=a.resolution,
        img_channels=3,
        mapping_kwargs={"num_layers": a.mapping_layers, "lr_multiplier": a.mapping_lr},
        channel_base=base,
        channel_max=max(a.channels),
        num_fp16_res=0,
        conv_clamp=a.conv_clamp,
        architecture=a.kind,
        use_noise=a.use_noise,
    )
    theirs.load_state_dict(network.state_dict(), strict=True)
    return theirs


def _channel_base(a: Architecture) -> int:
    base, most = a.channels[-1] * a.resolution, max(a.channels)
    described = channel_schedule(a.resolution, channel_base=base, channel_max=most)
    usual = (a.const_size, a.mapping_width, a.embed_width) == ((4, 4), None, None)
    if described != a.channels or not usual or math.log2(a.resolution) % 1:
        raise BadInput(
            "The released code cannot build a network of this shape.",
            hint="Choose another --model, or leave --reference out.",
        )
    return base
