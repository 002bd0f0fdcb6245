"""A stack machine that gives a pickle's opcodes a meaning without running anything.

Imports neither pickle nor numpy nor torch; names come from the closed table that it is given.
"""

from __future__ import annotations

from collections.abc import Callable

from .cursor import Cursor
from .reading import MEMO, STACK, Reading
from .refusal import NOTHING_RAN, Refused, damaged, foreign, too_large
from .tokens import Table, Unfinished

Persistent = Callable[[object], object]  # what a persistent id stands for

LARGEST_INTEGER_KEY = 1 << 53  # greater ones could be made to collide in a dict
NOTHING = object()

_TENSORFLOW = ("dnnlib.tflib", "tfutil")
_CONVERT = (
    "Convert it with NVIDIA's own tool, in a checkout of stylegan2-ada-pytorch or stylegan3: "
    "`python legacy.py --source=OLD.pkl --dest=NEW.pkl`; then import the new file."
)
_STATE_DICT = (
    "If this is a whole network of a trainer that you trust, load it there and save its "
    "state_dict() instead. " + NOTHING_RAN
)


class Machine:
    """The state of one pickle being read: a stack with marks, and a memo."""

    def __init__(
        self, cursor: Cursor, reading: Reading, table: Table, persistent: Persistent | None = None
    ) -> None:
        self.cursor = cursor
        self.reading = reading
        self.table = table
        self.persistent = persistent
        self.stack: list = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        self.result: object = NOTHING

    def push(self, value: object) -> None:
        if len(self.stack) >= STACK:
            raise too_large("values nested too deeply")
        self.stack.append(value)

    def pop(self) -> object:
        self.require(1)
        return self.stack.pop()

    def top(self) -> object:
        self.require(1)
        return self.stack[-1]

    def require(self, count: int) -> None:
        """Refuses unless the stack holds `count` values above the last mark."""
        if len(self.stack) - (self.marks[-1] if self.marks else 0) < count:
            raise damaged("a value is missing")

    def mark(self) -> None:
        if len(self.marks) >= STACK:
            raise too_large("values nested too deeply")
        self.marks.append(len(self.stack))

    def pop_to_mark(self) -> list:
        if not self.marks:
            raise damaged("a mark is missing")
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def remember(self, index: int) -> None:
        if index >= MEMO:
            raise damaged("a memo number out of range")
        self.memo[index] = self.top()

    def recall(self, index: int) -> object:
        if index not in self.memo:
            raise damaged("an unknown memo number")
        value = self.memo[index]
        if isinstance(value, Unfinished) and value.value is not None:
            return value.value
        return value

    def lookup(self, module: object, name: object) -> object:
        """The token of a name; Refused names whatever the table does not hold."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise damaged("a name that is no text")
        if (module, name) not in self.table:
            raise _unknown(module, name)
        return self.table[module, name]


def checked_key(key: object) -> object:
    """A key of a dict or a member of a set: text, bytes, a small integer, a bool or None."""
    if isinstance(key, int) and abs(key) < LARGEST_INTEGER_KEY:
        return key
    if key is None or isinstance(key, (str, bytes)):
        return key
    raise foreign("a table whose keys are neither text nor small numbers")


def _unknown(module: str, name: str) -> Refused:
    if module.startswith(_TENSORFLOW):
        return Refused("is a TensorFlow-era StyleGAN pickle", hint=_CONVERT)
    shown = ascii(f"{module}.{name}"[:120])[1:-1]
    return Refused(f"contains {shown}, which no StyleGAN2 model needs", hint=_STATE_DICT)
