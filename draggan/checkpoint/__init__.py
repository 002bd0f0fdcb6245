"""Model files in and out: safetensors, and the registry of known models; light until a model loads.

The daemon's front door lists models, so importing this package must not import torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .card import ModelCard
from .registry import list_models, load_generator

if TYPE_CHECKING:
    from .safetensors_file import save_network

__all__ = ["ModelCard", "list_models", "load_generator", "save_network"]


def __getattr__(name: str) -> object:
    if name == "save_network":
        from .safetensors_file import save_network  # needs torch

        return save_network
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
