"""Opens a foreign checkpoint, tells its container by the contents, and reads it inertly.

The file is mapped, not read: byte strings of hundreds of megabytes are never copied. Imports no
torch. A tensor of the result is a read-only, perhaps unaligned view of that mapping.
"""

from __future__ import annotations

import mmap
from pathlib import Path

from ...errors import BadCheckpoint
from .cursor import Cursor
from .foreign_kinds import name_kind
from .legacy_stream import is_magic, read_after_magic
from .names import NAMES
from .opcodes import read_pickle
from .reading import FILE_BYTES, Reading
from .refusal import DOWNLOAD_AGAIN, Refused, damaged
from .torch_archive import read_archive
from .tree import check_tree

_HEAD = 512
_LOOK = "Check the path."


def read_pickles(path: Path) -> object:
    """The plain values in a pickle, a torch zip archive or a torch legacy stream.

    Dicts (ordered and attribute dicts too), lists, tuples, sets, text, numbers, None, bytes,
    numpy arrays for tensors (bfloat16 as float32), `Record`, `Namespace`. Nothing contains
    itself. Copy an array before handing it to torch: it may be unaligned. Raises `BadCheckpoint`
    for everything else, whatever the file's bytes are.
    """
    path = Path(path)
    try:
        value = _read(_mapped(path))
        check_tree(value)
    except Refused as refused:
        sentence = f"{path.name} {refused.reason}."
        raise BadCheckpoint(sentence, hint=refused.hint) from None
    except MemoryError:
        raise BadCheckpoint(
            f"{path.name} does not fit into memory.", hint="Close other programs and try again."
        ) from None
    except Exception as error:  # bytes that no check foresaw: still the file's fault
        raise BadCheckpoint(f"{path.name} is damaged.", hint=DOWNLOAD_AGAIN) from error
    return value


def _mapped(path: Path) -> memoryview:
    try:
        if not path.is_file():
            raise Refused("is not a file" if path.exists() else "does not exist", hint=_LOOK)
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if not size:
                raise Refused("is empty")
            if size > FILE_BYTES:
                raise Refused("is larger than 4 GB, which no StyleGAN2 model is", hint=_LOOK)
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise Refused(f"cannot be read ({error.strerror})", hint=_LOOK) from None


def _read(view: memoryview) -> object:
    head = bytes(view[:_HEAD])
    if head.startswith(b"PK\3\4"):
        return read_archive(view, Reading(len(view)), NAMES)
    if not head.startswith(b"\x80"):
        raise name_kind(head)
    cursor, reading = Cursor(view), Reading(len(view))
    value = read_pickle(cursor, reading, NAMES)
    if is_magic(value):
        return read_after_magic(cursor, reading, NAMES)
    if cursor.remaining:
        raise damaged("bytes are left over")
    return value
