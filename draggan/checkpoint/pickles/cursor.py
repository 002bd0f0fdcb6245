"""A position in bytes that never leaves them; imports only refusals."""

from __future__ import annotations

from .refusal import Refused, cut_short, damaged


class Cursor:
    """Reads little-endian integers, lines and slices; slices share the memory."""

    def __init__(self, view: memoryview, position: int = 0) -> None:
        self.view = view
        self.position = position

    @property
    def remaining(self) -> int:
        return len(self.view) - self.position

    def take(self, count: int) -> memoryview:
        """The next `count` bytes; Refused where there are fewer."""
        start = self.position
        if not 0 <= count <= len(self.view) - start:
            raise cut_short()
        self.position = start + count
        return self.view[start : start + count]

    def byte(self) -> int:
        if self.position >= len(self.view):
            raise cut_short()
        self.position += 1
        return self.view[self.position - 1]

    def unsigned(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def signed(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little", signed=True)

    def line(self, *, longest: int = 256) -> str:
        """ASCII text up to the next newline, which is passed over."""
        window = bytes(self.view[self.position : self.position + longest + 1])
        length = window.find(b"\n")
        if length < 0:
            raise damaged("an endless name") if len(window) > longest else cut_short()
        self.position += length + 1
        try:
            return window[:length].decode("ascii")
        except UnicodeDecodeError:
            raise Refused("contains a name that is not ASCII") from None
