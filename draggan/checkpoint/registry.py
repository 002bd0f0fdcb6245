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

from ..errors import BadCheckpoint, BadInput, CannotWrite, UnknownModel
from .card import ModelCard, read_card

if TYPE_CHECKING:
    import torch

    from ..discriminator import Discriminator
    from ..generator import Generator

DEFAULT_MODEL = "critters"
SUFFIX = ".safetensors"
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

    from ..generator import Prior
    from ..stylegan2_generator import StyleGAN2Generator
    from .safetensors_file import load_network, load_prior

    network, prior = load_network(path), load_prior(path)
    try:
        network = network.to(device=device, dtype=dtype)
        if prior is not None:
            mean, covariance = (v.to(device, dtype) for v in (prior.mean, prior.covariance))
            prior = Prior(mean=mean, covariance=covariance)
    except (RuntimeError, AssertionError) as error:  # what torch raises for a missing device
        raise BadInput(f"Nothing can be computed on {device} here.", hint="Use cpu.") from error
    return StyleGAN2Generator(network, name=model_id, prior=prior)


def load_discriminator(name_or_path: str | Path = DEFAULT_MODEL) -> Discriminator | None:
    """The discriminator that was kept with a model, on the CPU in float32, or None.

    Raises `UnknownModel` and `BadCheckpoint` as `load_generator` does.
    """
    _, path = _find(name_or_path)

    from . import safetensors_file

    return safetensors_file.load_discriminator(path)


def model_file(name_or_path: str | Path) -> Path:
    """The file of a model, by its id or its own path. Raises `UnknownModel`."""
    return _find(name_or_path)[1]


def file_state(name_or_path: str | Path) -> tuple[int, ...]:
    """Something that changes when a model's file is replaced. Raises `UnknownModel`."""
    path = model_file(name_or_path)
    try:
        found = path.stat()
    except OSError as error:  # removed since it was found
        raise _unknown(str(name_or_path), []) from error
    return found.st_ino, found.st_size, found.st_mtime_ns


def remove_model(model_id: str) -> Path:
    """Delete one of the user's own models; returns the path of the file that is gone.

    Raises `UnknownModel` if there is none of that id, `BadInput` for one that belongs to the
    program and `CannotWrite` if the file cannot be deleted.
    """
    path = _files().get(model_id)
    if path is None:
        own = ", ".join(sorted(set(_files()) - embedded_ids())) or "none"
        raise UnknownModel(f"There is no model {model_id[:200]!r}.", hint=f"Your models: {own}.")
    if model_id in embedded_ids():
        raise BadInput(
            f"The model {model_id!r} belongs to the program and stays.",
            hint="Your own models can be removed; `draggan models list` shows them.",
        )
    try:
        path.unlink()
    except OSError as error:
        raise CannotWrite(
            f"{path} cannot be deleted: {error.strerror}.",
            hint=f"You need the right to write into {path.parent}.",
        ) from error
    return path


def embedded_ids() -> frozenset[str]:
    """The ids of the models that come with the program; a user's cannot have them."""
    return frozenset(path.stem for path in _EMBEDDED.glob(f"*{SUFFIX}"))


def _find(name_or_path: str | Path) -> tuple[str, Path]:
    """The id and the file of a model, by its id or by the path of a .safetensors file."""
    files, name = _files(), str(name_or_path)
    if name in files:
        return name, files[name]
    path = Path(name_or_path)
    if os.path.isfile(path):  # unlike Path.is_file, no error for what can be no path
        if path.suffix == SUFFIX:
            return path.stem, path
        raise UnknownModel(
            f"{path.name[:200]} has not been imported.",
            hint=f"Run `draggan models import {path}`, then use the name that it says.",
        )
    raise _unknown(name, list(files))


def _files() -> dict[str, Path]:
    """Id -> file; an embedded model cannot be replaced by a user's of the same name."""
    files: dict[str, Path] = {}
    for directory in (_EMBEDDED, user_directory()):
        for path in sorted(directory.glob(f"*{SUFFIX}")):
            files.setdefault(path.stem, path)
    return files


def _unknown(name: str, ids: list[str]) -> UnknownModel:
    close = difflib.get_close_matches(name, ids, n=1)
    guess = f"Did you mean {close[0]!r}? " if close else ""
    known = ", ".join(ids) or "none"
    return UnknownModel(
        f"There is no model {name[:200]!r}.",
        hint=f"{guess}Known models: {known}. Others are given as the path of a {SUFFIX} file.",
    )
