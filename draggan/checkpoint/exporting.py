"""A model in the layout of another code base, for its `torch.load`; torch once at work."""

from __future__ import annotations

import io
import os
from pathlib import Path

from ..errors import CannotWrite
from ..writing import check_folder, replacing
from .registry import model_file


def export_model(
    name_or_path: str | Path, out: str | Path, *, layout: str, replace: bool = False
) -> tuple[str, ...]:
    """Write the model to `out`, whole or not at all; returns what its reader must know, in words.

    The file holds tensors in dictionaries and nothing else. Raises `UnknownModel`, `BadCheckpoint`,
    `BadInput` for layouts that are unknown or cannot express the model, and `CannotWrite`, also
    where there is a file already and `replace` is not set.
    """
    model, out = model_file(name_or_path), Path(out)
    if os.path.lexists(out) and not (replace and out.is_file()):
        what = "is a folder" if out.is_dir() else "is there already"
        hint = "Name another file." if out.is_dir() else "Replace it with --force."
        raise CannotWrite(f"{out} {what}.", hint=hint)
    check_folder(out.parent)

    import torch

    from .layouts import remarks, state_dict_in
    from .safetensors_file import load_discriminator, load_network

    network, discriminator = load_network(model), load_discriminator(model)
    content = state_dict_in(layout, network, discriminator)
    whole = io.BytesIO()  # torch.save tells no full disk from a fault of its own
    torch.save(content, whole)
    with replacing(out) as file:
        file.write(whole.getbuffer())
    return remarks(layout, network, discriminator)
