"""The models that can be named: the embedded one and the user's; torch only once a model loads.

A name is looked up among the ids that exist and never made into a path, since the daemon takes
names from its clients. Paths are for people at the command line and for library users.
"""

from __future__ import annotations

import difflib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BadCheckpoint, BadInput, UnknownModel
from .card import ModelCard, read_card

if TYPE_CHECKING:
    import torch

    from ..generator import Generator

DEFAULT_MODEL = "critters"
_SUFFIX = ".safetensors"
_EMBEDDED = Path(__file__).parent.parent / "assets"
_log = logging.getLogger(__name__)


def user_directory() -> Path:
    """Where people put their own models: $XDG_DATA_HOME/draggan/models."""
    base = os.environ.get("XDG_DATA_HOME", "")
    # The specification has relative paths ignored.
    root = Path(base) if os.path.isabs(base) else Path.home() / ".local" / "share"
    return root / "draggan" / "models"


def list_models() -> tuple[ModelCard, ...]:
    """The cards of all models that can be read, the embedded ones first."""
    cards = []
    for model_id, path in _files().items():
        try:
            cards.append(read_card(path, model_id=model_id))
        except BadCheckpoint as error:
            _log.warning("%s (left out of the list)", error.sentence)
    return tuple(cards)


def load_generator(
    name_or_path: str | Path = DEFAULT_MODEL,
    *,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
) -> Generator:
    """The generator of that id, or in the .safetensors file at that path; float32 by default.

    Raises `UnknownModel` if there is neither, `BadCheckpoint` if the file cannot be used, and
    `BadInput` if there is no such device.
    """
    model_id, path = _find(name_or_path)

    from ..stylegan2_generator import StyleGAN2Generator
    from .safetensors_file import load_network

    network = load_network(path)
    try:
        network = network.to(device=device, dtype=dtype)
    except (RuntimeError, AssertionError) as error:  # what torch raises for a missing device
        raise BadInput(f"Nothing can be computed on {device} here.", hint="Use cpu.") from error
    return StyleGAN2Generator(network, name=model_id)


def _find(name_or_path: str | Path) -> tuple[str, Path]:
    """The id and the file of a model, by its id or by the path of a .safetensors file."""
    files, name = _files(), str(name_or_path)
    if name in files:
        return name, files[name]
    path = Path(name_or_path)
    if path.suffix == _SUFFIX and path.is_file():
        return path.stem, path
    raise _unknown(name, list(files))


def _files() -> dict[str, Path]:
    """Id -> file; an embedded model cannot be replaced by a user's of the same name."""
    files: dict[str, Path] = {}
    for directory in (_EMBEDDED, user_directory()):
        for path in sorted(directory.glob(f"*{_SUFFIX}")):
            files.setdefault(path.stem, path)
    return files


def _unknown(name: str, ids: list[str]) -> UnknownModel:
    close = difflib.get_close_matches(name, ids, n=1)
    guess = f"Did you mean {close[0]!r}? " if close else ""
    known = ", ".join(ids) or "none"
    return UnknownModel(
        f"There is no model {name[:200]!r}.",
        hint=f"{guess}Known models: {known}. Others are given as the path of a {_SUFFIX} file.",
    )
