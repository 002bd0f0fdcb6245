"""What was found of pictures in models, kept on disk for the next time; torch, numpy, our values.

Finding a picture costs seconds, and people open the same one again. An entry is a saved edit of one
state, named by a digest of all that it depends on. The folder belongs to the user but may hold
anything: what cannot be read, or does not fit, is thrown away and found anew. Whatever else goes
wrong with the disk costs time and nothing more.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from . import __version__
from .cache import cache_directory
from .errors import BadInput, BadSaved, CannotWrite
from .generator import Generator, WeightDelta
from .saved import PictureMark, Place, SavedEdit, Stamp, check_fit, pack, unpack
from .saved_arrays import array, sealed, unsealed
from .timeline import State
from .writing import replacing

LIMIT = 256 << 20  # bytes of all entries
RECIPE = 1  # to be raised whenever the same picture is found in another way
_SUFFIX = ".inversion"
_NO_PICTURE = PictureMark((1, 1, 3), "uint8", "0" * 32)


@dataclass(frozen=True)
class Finding:
    """What `set_image` finds of a picture, on the CPU where it was read."""

    ws: Tensor  # (1, num_ws, w_dim)
    psnr: float
    place: Place | None = None
    likeness: float | None = None
    delta: WeightDelta = field(default_factory=WeightDelta)
    residual: Mapping[str, NDArray] = field(default_factory=dict)


def key_of(fingerprint: str, image: Tensor, weight: Tensor, quality: str) -> str:
    """Names what the model of that `fingerprint` finds of what it sees.

    `image` (1, 3, H, W) and `weight` (1, 1, H, W): the view of the picture, every bit of which
    counts. Another version of this program has other names.
    """
    form = f"{__version__}/{RECIPE}/{fingerprint}/{quality}/{tuple(image.shape)}/"
    digest = hashlib.blake2b(form.encode(), digest_size=16)
    for seen in (image, weight):
        digest.update(np.ascontiguousarray(array(seen)).data)
    return digest.hexdigest()


class InversionCache:
    """Entries in a folder, the least recently used ones deleted beyond `limit` bytes; 0: none."""

    def __init__(self, folder: Path | None = None, *, limit: int = LIMIT) -> None:
        self.folder = cache_directory() / "inversions" if folder is None else folder
        self.limit = limit

    def get(self, key: str, generator: Generator, quality: str) -> Finding | None:
        """The entry of that name, if it is there and can be this generator's."""
        path = self._path(key)
        try:
            if not self.limit or path.stat().st_size > self.limit:
                return None
            found = self._read(path, generator, quality)
            os.utime(path)  # used just now
        except OSError:
            return None
        except BadSaved:
            with suppress(OSError):
                path.unlink()
            return None
        return found

    def put(self, key: str, finding: Finding, quality: str) -> None:
        """Keeps an entry, as far as there is room for it."""
        edit = SavedEdit(
            (State.start(finding.ws),),
            position=0,
            mark=_NO_PICTURE,
            quality=quality,
            psnr=finding.psnr,
            place=finding.place,
            likeness=finding.likeness,
            delta=finding.delta,
            residual=finding.residual,
        )
        try:
            data = sealed(pack(edit, Stamp("cached", "0" * 32)))
            if len(data) > self.limit:
                return
            # A likeness of the picture can be drawn from it: nobody else's business.
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with replacing(self._path(key)) as file:
                file.write(data)
        except (CannotWrite, BadInput, OSError):
            return
        self._make_room()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _read(self, path: Path, generator: Generator, quality: str) -> Finding | None:
        edit, _ = unpack(unsealed(path.read_bytes(), 0))
        check_fit(edit, generator)
        if edit.psnr is None or edit.quality != quality:
            raise BadSaved("This is no entry of the cache.")
        ws = edit.states[0].ws
        return Finding(ws, edit.psnr, edit.place, edit.likeness, edit.delta, edit.residual)

    def _make_room(self) -> None:
        room = self.limit
        for _, size, path in sorted(self._entries(), reverse=True):
            room -= size
            if room < 0:
                with suppress(OSError):
                    path.unlink()

    def _entries(self) -> Iterator[tuple[int, int, Path]]:
        """When each was used last, its size and where it is."""
        with suppress(OSError):
            for path in self.folder.glob(f"*{_SUFFIX}"):
                with suppress(OSError):
                    status = path.stat()
                    yield status.st_mtime_ns, status.st_size, path
