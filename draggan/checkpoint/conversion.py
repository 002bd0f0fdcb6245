"""A stranger's file to one of ours, inside the import process; torch, safetensors, our own readers.

Which reader it takes is told by the file's first bytes, never by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..discriminator import Discriminator
from ..errors import BadCheckpoint, CannotWrite
from ..stylegan2 import StyleGAN2
from ..stylegan2_generator import StyleGAN2Generator
from .card import FORMAT, STATISTICS, Source, printable, read_header
from .examination import examine
from .families import recognise
from .import_process import Job, Tell
from .pickles import read_pickles
from .safetensors_file import load_discriminator, load_network, load_prior, model_file

_OWN = "model file of this program"
_MAX_HEADER = 100_000_000  # bytes; the format's own limit


def convert(job: Job, tell: Tell) -> str:
    """Write the model in `job.source` to `job.part`; returns what kind of file it was, in words.

    Raises `BadCheckpoint` and `CannotWrite`.
    """
    source = Path(job.source)
    tell(stage="Reading")
    if not _is_safetensors(source):
        return _convert_foreign(job, tell, read_pickles)
    metadata = _metadata(source)
    if metadata.get("format") == FORMAT:
        return _copy_own(job, tell, metadata)
    return _convert_foreign(job, tell, _arrays)


def _convert_foreign(job: Job, tell: Tell, read: Callable[[Path], object]) -> str:
    # The file's own tensors have no name here: drawing needs their memory.
    imported = recognise(read(Path(job.source)), name=job.name)
    for note in imported.notes:
        tell(note=note)
    card = {
        "title": printable(Path(job.name).stem)[:200],
        "family": "stylegan2",
        "licence": "not stated",
        "summary": printable(f"Imported from {job.name}: {imported.origin}.")[:1000],
    }
    _write(job, tell, imported.network, imported.discriminator, card, imported.origin)
    return imported.origin


def _write(
    job: Job,
    tell: Tell,
    network: StyleGAN2,
    discriminator: Discriminator | None,
    card: Mapping[str, str],
    origin: str,
) -> None:
    tell(stage="Drawing a test picture")
    statistics = examine(StyleGAN2Generator(network), name=job.name)
    tell(stage="Writing")
    tensors, header = model_file(
        network,
        metadata=card,
        discriminator=discriminator,
        statistics=statistics,
        source=Source(job.name, job.size, job.sha256, origin),
    )
    _save(job, tensors, header)


def _copy_own(job: Job, tell: Tell, metadata: Mapping[str, str]) -> str:
    """One of our own files: its tensors as they are, with statistics if they were missing."""
    source = Path(job.source)
    network, earlier = load_network(source), read_header(source).source
    load_discriminator(source)  # refuses one that is not whole
    origin = _OWN if earlier is None else f"{_OWN}, {earlier.origin.removeprefix(f'{_OWN}, ')}"
    tell(stage="Drawing a test picture")
    statistics = examine(StyleGAN2Generator(network), name=job.name)
    if load_prior(source) is not None:
        statistics = {}
    tell(stage="Writing")
    tensors = _tensors(source)
    tensors.update({STATISTICS + name: value for name, value in statistics.items()})
    record = Source(job.name, job.size, job.sha256, origin)
    _save(job, tensors, {**metadata, "source": record.json()})
    return origin


def _save(job: Job, tensors: dict[str, Tensor], header: dict[str, str]) -> None:
    try:
        save_file(tensors, job.part, metadata=header)
    except (SafetensorError, OSError) as error:
        raise _cannot_write(job, str(error)) from error


def _cannot_write(job: Job, said: str) -> CannotWrite:
    folder = Path(job.part).parent
    if "os error 27" in said:
        return CannotWrite(
            f"The model would take more than {job.written_bytes // 2**20} MiB.",
            hint="No model grows that much by being imported: the file may be damaged.",
        )
    if "os error 28" in said or "os error 122" in said:  # no space, no quota
        return CannotWrite(
            f"The disk is full: the model does not fit into {folder}.",
            hint=f"Free some {job.size // 10**6 + 1} MB, then import it again.",
        )
    return CannotWrite(
        f"The model cannot be written into {folder}: {said[:200]}.",
        hint="Check that the disk is in order and that you may write there.",
    )


def _is_safetensors(path: Path) -> bool:
    """Whether the file begins with the length of a header that fits into it, and the header."""
    with open(path, "rb") as file:
        start = file.read(9)
    length = int.from_bytes(start[:8], "little")
    return start[8:] == b"{" and 2 <= length <= min(_MAX_HEADER, path.stat().st_size - 8)


def _metadata(path: Path) -> dict[str, str]:
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise BadCheckpoint(
            f"{path.name} is a damaged safetensors file.", hint="Copy or download it again."
        ) from error


def _tensors(path: Path) -> dict[str, Tensor]:
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)


def _arrays(path: Path) -> dict[str, object]:
    """As a pickle's reader would give them: numpy arrays, bfloat16 as float32."""
    return {
        name: (tensor.float() if tensor.is_floating_point() else tensor).numpy()
        for name, tensor in _tensors(path).items()
    }
