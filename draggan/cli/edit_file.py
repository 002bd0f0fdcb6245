"""An edit in a file of its own, with which `draggan reopen` goes on; standard library only.

The file is what an editor keeps in a document: the daemon's data, and how it all was asked for. It
does not hold the picture.
"""

from __future__ import annotations

from pathlib import Path

from draggan_wire.crop import Crop
from draggan_wire.messages import Image
from draggan_wire.workbench.handles import HandleLine
from draggan_wire.workbench.note import MOST_DATA, Note, read_note, write_note
from draggan_wire.workbench.region import Source, Terms, digest_of
from draggan_wire.workbench.trace import Trace

from draggan.cli.handles import Handle
from draggan.cli.job import Options
from draggan.errors import BadInput
from draggan.writing import replacing


def write_edit(
    path: Path,
    data: bytes,
    *,
    step: int,
    options: Options,
    crop: Crop,
    image: Image,
    handles: tuple[Handle, ...],
) -> None:
    """`data` is the daemon's; `image` the pixels that were opened. Raises CannotWrite."""
    note = Note(
        terms=Terms("whole", options.model, options.quality, options.turn),
        source=Source("", crop),
        form=image.format,
        lines=tuple(HandleLine(handle.start, handle.target) for handle in handles),
        drags=(),
        trace=Trace(),
        step=step,
        data=data,
        paste=options.pasting,
        look=digest_of(image).hex(),
    )
    with replacing(path) as file:
        file.write(write_note(note))


def read_edit(path: Path) -> Note:
    """Raises BadInput for what is no such file."""
    try:
        if path.stat().st_size > MOST_DATA:
            raise _no_edit(path)
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        raise BadInput(f"There is no file {path} to read.", hint="Check the path.") from error
    try:
        return read_note(raw)
    except Exception as error:
        raise _no_edit(path) from error


def _no_edit(path: Path) -> BadInput:
    return BadInput(
        f"{path} is no edit that was saved, or it is damaged.",
        hint="Name a file that `draggan drag --save FILE` has written.",
    )
