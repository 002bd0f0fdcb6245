"""What a name in a pickle stands for: a token with a pure function, never the thing itself.

Imports neither numpy nor torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .reading import Reading

Build = Callable[[Reading, tuple], object]


@dataclass(frozen=True, eq=False)
class Function:
    """A name that may be called with a tuple, and with `new` also instantiated by NEWOBJ."""

    name: str
    build: Build | None  # None: a name that may be mentioned, never called
    new: bool = False


Table = Mapping[tuple[str, str], object]  # (module, name) -> Function or a plain constant


class Unfinished:
    """An object that a later BUILD completes; left unfinished it is refused in the end."""

    value: object = None  # what took this object's place, None until then

    def finish(self, reading: Reading, state: object) -> object:
        """The value that BUILD's state makes of this object."""
        raise NotImplementedError


def is_text(value: object, *allowed: str) -> bool:
    """True for one of these words; arrays are never compared, which would go through them."""
    return type(value) is str and value in allowed


class LongText:
    """Text too long to be a name: kept as UTF-8 in the file until somebody decodes it."""

    def __init__(self, utf8: memoryview) -> None:
        self.utf8 = utf8
        self.latin1: memoryview | None = None  # once decoded
