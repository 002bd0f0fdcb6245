"""A model's card and file header, read without its weights; safetensors only, never torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ..errors import BadCheckpoint

FORMAT = "draggan-1"
DISCRIMINATOR, STATISTICS = "discriminator.", "statistics."  # how names of such tensors begin
MAX_BYTES = 4 * 2**30
MAX_TEXT = 4000  # characters of one field of a card
_SIDES = (1, 2, 3, 4)
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
class Source:
    """The file that a model was imported from."""

    file: str  # its name, without a path
    bytes: int
    sha256: str
    origin: str  # what kind of file it was, in words

    def json(self) -> str:
        """As it stands in a model file's metadata."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Header:
    """What a model file says about itself; the architectures are as stated, unchecked."""

    architecture: dict[str, object]
    fields: dict[str, str]  # the card's
    discriminator: dict[str, object] | None = None
    source: Source | None = None  # of an imported model
    tensors: tuple[str, ...] = ()  # their names, in order


def read_header(path: Path) -> Header:
    """The metadata of the model file at `path`; raises `BadCheckpoint` if it is none of ours."""
    check_file(path)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata, names = file.metadata() or {}, tuple(file.keys())
    except (SafetensorError, OSError, ValueError, UnicodeError) as error:
        raise damaged(path) from error
    if metadata.get("format") != FORMAT:
        raise BadCheckpoint(f"{path.name} is not a model of this program.", hint=_NOT_OURS)
    discriminator = metadata.get("discriminator")
    return Header(
        _json_object(path, metadata.get("architecture", "")),
        {
            printable(key): printable(value)
            for key, value in _json_object(path, metadata.get("card", "{}")).items()
        },
        None if discriminator is None else _json_object(path, discriminator),
        _source(_json_object(path, metadata.get("source", "{}"))),
        names,
    )


def read_card(path: Path, *, model_id: str) -> ModelCard:
    """The card of the model file at `path`; raises `BadCheckpoint` if it cannot be read."""
    header = read_header(path)
    width, height = _picture_size(path, header.architecture)
    fields = header.fields
    return ModelCard(
        id=model_id,
        title=fields.get("title", model_id),
        family=fields.get("family", "unknown"),
        width=width,
        height=height,
        licence=fields.get("licence", "not stated"),
        summary=fields.get("summary", ""),
        path=path,
        fields=fields,
    )


def printable(text: object) -> str:
    """What a file says, for a terminal: of bounded length and without control characters."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in str(text)[:MAX_TEXT])


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


def _picture_size(path: Path, architecture: Mapping[str, object]) -> tuple[int, int]:
    """Width and height of the pictures, if the architecture states any that can be."""
    channels, const = architecture.get("channels"), architecture.get("const_size", [4, 4])
    if not isinstance(channels, list) or not 1 <= len(channels) <= 16:
        raise damaged(path)
    if not isinstance(const, list) or const not in [[w, h] for w in _SIDES for h in _SIDES]:
        raise damaged(path)
    scale = 2 ** (len(channels) - 1)
    return const[0] * scale, const[1] * scale


def _source(claims: Mapping[str, object]) -> Source | None:
    size = claims.get("bytes")
    if not isinstance(size, int):
        return None
    file, digest, origin = (printable(claims.get(k, "")) for k in ("file", "sha256", "origin"))
    return Source(file, size, digest, origin)
