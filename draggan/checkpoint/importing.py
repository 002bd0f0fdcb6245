"""Bringing a stranger's model file into the registry; standard library until the result is checked.

Another process reads the file (`import_process`), under limits and with nothing of ours but this
one file to write. What it wrote is loaded by the ordinary strict loader before it gets its name, so
the registry either has the whole new model or is as it was.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadCheckpoint, BadInput, CannotWrite
from .card import MAX_BYTES, ModelCard, printable, read_card, read_header
from .import_process import Job
from .reader_process import run_job
from .registry import SUFFIX, embedded_ids, user_directory

SECONDS = 120
_MEMORY, _MEMORY_PER_BYTE = 3 * 2**30, 4  # mapped: networks, copies, what drawing takes
_GROWTH = 2  # half precision becomes float32
_SMALL = 64 * 2**20
_PART = ".importing-"
_STALE = 3600.0  # seconds after which no import can still be going on
_MAX_ID = 64

Report = Callable[[str], None]


@dataclass(frozen=True)
class ImportedModel:
    """A model that is in the registry now; `already` says that it was before."""

    card: ModelCard
    origin: str  # what kind of file it came from, in words
    notes: tuple[str, ...]  # what a person should know about the conversion
    already: bool = False


def import_model(
    path: str | Path,
    *,
    model_id: str | None = None,
    directory: str | Path | None = None,
    report: Report | None = None,
) -> ImportedModel:
    """Convert a StyleGAN2 file of any known kind and keep it as `model_id`.

    Without an id the file's name becomes one; without a directory the user's registry is taken.
    `report` is told each stage in a word. Raises `BadCheckpoint` for files that cannot be used,
    `BadInput` for an id that is taken or cannot be one, and `CannotWrite`.
    """
    source = Path(path).absolute()
    _check_source(source)
    folder = user_directory() if directory is None else Path(directory).absolute()
    wanted = id_from_name(source.name) if model_id is None else _checked_id(model_id)
    target = folder / f"{wanted}{SUFFIX}"
    before = _state(source)
    digest = _sha256(source)
    if present := _present(target, wanted, digest):
        return present
    with _part_in(folder) as part:
        threading.Thread(target=_load_the_loader).start()
        reading = run_job(_job(source, part, digest), report=report)
        if _state(source) != before:
            raise BadCheckpoint(
                f"{source.name} changed while it was being read.",
                hint="Import it again when nothing writes to it any more.",
            )
        _check_result(part)
        _keep(part, target, wanted)
    return ImportedModel(read_card(target, model_id=wanted), reading.origin, reading.notes)


def id_from_name(name: str) -> str:
    """A file's name as an id: letters, digits, '-', '_' and '.', at most 64 of them."""
    stem = name.rpartition(".")[0] or name
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", stem)[:_MAX_ID].strip("-._")
    return plain or "model"


def _checked_id(model_id: str) -> str:
    if not re.fullmatch(rf"[A-Za-z0-9_][A-Za-z0-9._-]{{0,{_MAX_ID - 1}}}", model_id, re.ASCII):
        raise BadInput(
            f"{model_id[:200]!r} cannot be a model's name.",
            hint=f"Use up to {_MAX_ID} letters, digits, '-', '_' and '.', such as "
            f"{id_from_name(model_id + '.')}.",
        )
    return model_id


def _check_source(source: Path) -> None:
    name = printable(source.name or source)
    try:
        if source.is_dir():
            raise BadCheckpoint(f"{name} is a folder.", hint="Name the model's file inside it.")
        if not source.is_file():
            what = "is not a file" if source.exists() else "does not exist"
            online = re.search(r"\bhttps?:/", str(source))
            hint = "Download it first." if online else f"Check the path: {printable(source)}"
            raise BadCheckpoint(f"{name} {what}.", hint=hint)
        size = source.stat().st_size
        with open(source, "rb"):
            pass
    except OSError as error:
        raise BadCheckpoint(
            f"{name} cannot be opened: {error.strerror}.", hint="Check who may read it."
        ) from error
    except ValueError as error:  # a NUL in the path
        raise BadCheckpoint("That is not a path.", hint="Check how it is written.") from error
    if not size:
        raise BadCheckpoint(f"{name} is empty.", hint="Copy or download it again.")
    if size > MAX_BYTES:
        raise BadCheckpoint(
            f"{name} is too large: {size / 2**30:.1f} GiB.", hint="Models have up to 4 GiB."
        )


def _present(target: Path, model_id: str, digest: str) -> ImportedModel | None:
    """The model of that id if it came from this very file; raises `BadInput` if from another."""
    taken = f"There already is a model called {model_id!r}"
    if model_id in embedded_ids():
        raise BadInput(f"{taken}: it comes with the program.", hint="Choose another with --name.")
    if not os.path.lexists(target):
        return None
    with contextlib.suppress(BadCheckpoint):
        source = read_header(target).source
        if source is not None and source.sha256 == digest:
            return ImportedModel(read_card(target, model_id=model_id), source.origin, (), True)
    raise BadInput(
        f"{taken}, from another file.",
        hint=f"Choose another name with --name, or first run `draggan models remove {model_id}`.",
    )


def _job(source: Path, part: Path, digest: str) -> Job:
    size = source.stat().st_size
    return Job(
        source=str(source),
        part=str(part),
        name=printable(source.name),
        sha256=digest,
        size=size,
        memory_bytes=_MEMORY + _MEMORY_PER_BYTE * size,
        written_bytes=min(MAX_BYTES, _GROWTH * size + _SMALL),
        seconds=SECONDS,
    )


@contextlib.contextmanager
def _part_in(folder: Path) -> Iterator[Path]:
    """An empty file beside the models, gone when the block ends; stale ones go first."""
    part = folder / f"{_PART}{os.getpid()}-{secrets.token_hex(8)}.part"
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _remove_stale_parts(folder)
            part.touch(mode=0o600, exist_ok=False)
        except OSError as error:
            raise _cannot_write(folder, error) from error
        yield part
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _remove_stale_parts(folder: Path) -> None:
    """What imports left that were killed; those that may still be running keep theirs."""
    for part in folder.glob(f"{_PART}*.part"):
        process = part.name.removeprefix(_PART).partition("-")[0]
        with contextlib.suppress(OSError):
            old = time.time() - part.stat().st_mtime > _STALE
            if old or not (process.isdecimal() and _runs(int(process))):
                part.unlink()


def _runs(process: int) -> bool:
    if os.name != "posix":
        return True  # there, signal 0 would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _load_the_loader() -> None:
    """Torch, which takes a second: to be had by the time that the other process is done."""
    with contextlib.suppress(Exception):  # comes up again where it is needed
        importlib.import_module(".safetensors_file", __package__)


def _check_result(part: Path) -> None:
    """Load what was written exactly as it will be loaded from now on. Raises BadCheckpoint."""
    from .safetensors_file import load_discriminator, load_network, load_prior  # need torch

    load_network(part)
    load_discriminator(part)
    load_prior(part)


def _keep(part: Path, target: Path, model_id: str) -> None:
    if os.path.lexists(target):  # since we looked
        raise BadInput(
            f"A model called {model_id!r} has been imported meanwhile.",
            hint="Choose another name with --name.",
        )
    try:
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        part.chmod(0o644)  # until now readable by its owner alone
        os.replace(part, target)
    except OSError as error:
        raise _cannot_write(target.parent, error) from error


def _cannot_write(folder: Path, error: OSError) -> CannotWrite:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return CannotWrite(
        f"The model cannot be put into {folder}: {(error.strerror or str(error)).lower()}.",
        hint="Free some space on that disk."
        if full
        else "Give yourself the right to write there, or set XDG_DATA_HOME to a folder of yours.",
    )


def _state(source: Path) -> tuple[int, ...]:
    found = source.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _sha256(source: Path) -> str:
    digest = hashlib.sha256()
    with open(source, "rb", buffering=0) as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
