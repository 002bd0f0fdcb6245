"""A model's card and file header, read without its weights; safetensors only, never torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..errors import BadCheckpoint

FORMAT = "draggan-1"
MAX_BYTES = 4 * 2**30
MAX_TEXT = 4000  # characters of one field of a card
_NOT_OURS = "It must be a .safetensors file saved by this program."


@dataclass(frozen=True)
class ModelCard:
    """What a person wants to know before choosing a model."""

    id: str
    title: str
    family: str
    width: int
    height: int
    licence: str
    summary: str
    path: Path
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)  # all the file says


@dataclass(frozen=True)
class Header:
    """A model file's metadata: its network's architecture, unchecked, and its card's fields."""

    architecture: dict[str, object]
    fields: dict[str, str]


def read_header(path: Path) -> Header:
    """The metadata of the model file at `path`; raises `BadCheckpoint` if it is none of ours."""
    check_file(path)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, ValueError, UnicodeError) as error:
        raise damaged(path) from error
    if metadata.get("format") != FORMAT:
        raise BadCheckpoint(f"{path.name} is not a model of this program.", hint=_NOT_OURS)
    return Header(
        _json_object(path, metadata.get("architecture", "")),
        {
            str(key)[:MAX_TEXT]: str(value)[:MAX_TEXT]
            for key, value in _json_object(path, metadata.get("card", "{}")).items()
        },
    )


def read_card(path: Path, *, model_id: str) -> ModelCard:
    """The card of the model file at `path`; raises `BadCheckpoint` if it cannot be read."""
    header = read_header(path)
    channels = header.architecture.get("channels")
    if not isinstance(channels, list) or not 1 <= len(channels) <= 16:
        raise damaged(path)
    size = 2 ** (len(channels) + 1)
    fields = header.fields
    return ModelCard(
        id=model_id,
        title=fields.get("title", model_id),
        family=fields.get("family", "unknown"),
        width=size,
        height=size,
        licence=fields.get("licence", "not stated"),
        summary=fields.get("summary", ""),
        path=path,
        fields=fields,
    )


def check_file(path: Path) -> None:
    """Raises `BadCheckpoint` unless `path` is a regular file of a size that can be a model."""
    try:
        regular, size = path.is_file(), path.stat().st_size
    except OSError as error:
        raise BadCheckpoint(f"{path.name} cannot be opened.", hint="Check its path.") from error
    if not regular:
        raise BadCheckpoint(f"{path.name} is not a file.", hint=_NOT_OURS)
    if size > MAX_BYTES:
        raise BadCheckpoint(f"{path.name} is too large.", hint="Models have up to 4 GiB.")


def damaged(path: Path) -> BadCheckpoint:
    """The error for a file that has the right name and the wrong content."""
    return BadCheckpoint(
        f"{path.name} is damaged or not a safetensors file.", hint="Copy or download it again."
    )


def _json_object(path: Path, text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise damaged(path) from error
    if not isinstance(value, dict):
        raise damaged(path)
    return value
