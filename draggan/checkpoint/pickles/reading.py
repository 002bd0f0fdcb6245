"""The limits of reading one file, and the account of what was spent; imports only refusals.

Every limit is far above what a 1024 px training snapshot needs (70 000 opcodes, 0.4 GB).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from .refusal import too_large

FILE_BYTES = 4 << 30
TENSOR_BYTES = 4 << 30  # counted as often as they are viewed
COPIED_BYTES = 1 << 30  # where a view will not do: bfloat16, and bytes written as text
COPIES = 8  # of as many bytes as the file has
STEPS = 500_000  # opcodes, and the elements that one opcode copies
TEXT_BYTES = 64 << 20
STACK = 100_000
MEMO = 500_000
INTEGER_BYTES = 16
STORAGE_ELEMENTS = 1 << 33


@dataclass
class Reading:
    """What one file has used up; shared by all pickles inside it."""

    file_bytes: int
    steps: int = 0
    text_bytes: int = 0
    tensor_bytes: int = 0
    copied_bytes: int = 0
    digests: dict[str, str] = field(default_factory=dict)

    def step(self, count: int = 1) -> None:
        self.steps += count
        if self.steps > STEPS:
            raise too_large("too many entries")

    def text(self, count: int) -> None:
        self.text_bytes += count
        if self.text_bytes > TEXT_BYTES:
            raise too_large("too much text")

    def tensors(self, count: int) -> None:
        self.tensor_bytes += count
        if self.tensor_bytes > TENSOR_BYTES:
            raise too_large("more than 4 GB of weights")

    def copy(self, count: int) -> None:
        self.copied_bytes += count
        if self.copied_bytes > min(COPIED_BYTES, COPIES * self.file_bytes):
            raise too_large("too much to convert")

    def sha256(self, source: str) -> str:
        """Hex digest of a module's source; hashed once however many modules share it."""
        if source not in self.digests:
            encoded = source.encode("utf-8", "surrogatepass")
            self.digests[source] = hashlib.sha256(encoded).hexdigest()
        return self.digests[source]
