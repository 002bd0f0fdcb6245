"""Model files in and out, and the registry of known models; light until a model loads.

Strangers' files are read once, by `import_model`; all else reads safetensors files of our own. The
daemon's front door lists models, so importing this package must not import torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .card import ModelCard
from .importing import ImportedModel, import_model
from .registry import list_models, load_discriminator, load_generator, remove_model

if TYPE_CHECKING:
    from .safetensors_file import save_network

__all__ = [
    "ImportedModel",
    "ModelCard",
    "import_model",
    "list_models",
    "load_discriminator",
    "load_generator",
    "remove_model",
    "save_network",
]


def __getattr__(name: str) -> object:
    if name == "save_network":
        from .safetensors_file import save_network  # needs torch

        return save_network
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
