"""What each pickle opcode does to the machine's stack; whatever is not here is refused.

Imports neither pickle nor numpy nor torch. Left out on purpose: the text opcodes of protocols 0
and 1, INST and OBJ, the extension registry, out-of-band buffers, DUP and POP (only cycles need
them), NEWOBJ_EX, and persistent ids as text.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from .cursor import Cursor
from .machine import NOTHING, Machine, Persistent, checked_key
from .reading import INTEGER_BYTES, Reading
from .refusal import WHAT_IS_READ, Refused, cut_short, damaged, foreign, too_large
from .tokens import Function, LongText, Table, Unfinished

SHORT_TEXT = 2 << 20  # longer text can only be bytes in disguise
SHORT_BYTES = 4096  # longer bytes stay where they are, in the file

Operation = Callable[[Machine], None]
OPERATIONS: dict[int, Operation] = {}


def read_pickle(
    cursor: Cursor, reading: Reading, table: Table, persistent: Persistent | None = None
) -> object:
    """The value of one pickle; leaves the cursor behind its STOP. Raises Refused."""
    machine = Machine(cursor, reading, table, persistent)
    if cursor.remaining < 2 or cursor.byte() != 0x80:
        raise damaged("there is no pickle where one should be")
    protocol = cursor.byte()
    if not 2 <= protocol <= 5:
        raise Refused(f"is written in pickle protocol {protocol}", hint=WHAT_IS_READ)
    while machine.result is NOTHING:
        reading.step()
        code = cursor.byte()
        if code not in OPERATIONS:
            raise foreign(f"the pickle instruction {bytes([code])!r}")
        OPERATIONS[code](machine)
    return machine.result


def operation(code: bytes) -> Callable[[Operation], Operation]:
    def enter(function: Operation) -> Operation:
        OPERATIONS[code[0]] = function
        return function

    return enter


@operation(b".")
def stop(machine: Machine) -> None:
    machine.result = machine.pop()
    if machine.stack or machine.marks:
        raise damaged("values are left over")


@operation(b"\x95")
def frame(machine: Machine) -> None:
    if machine.cursor.unsigned(8) > machine.cursor.remaining:
        raise cut_short()


@operation(b"(")
def mark(machine: Machine) -> None:
    machine.mark()


# ---- plain values


def constant(code: bytes, value: object) -> None:
    OPERATIONS[code[0]] = lambda machine: machine.push(value)


constant(b"N", None)
constant(b"\x88", True)
constant(b"\x89", False)
constant(b")", ())


def integer(code: bytes, size: int) -> None:
    OPERATIONS[code[0]] = lambda machine: machine.push(machine.cursor.unsigned(size))


integer(b"K", 1)
integer(b"M", 2)


@operation(b"J")
def signed_integer(machine: Machine) -> None:
    machine.push(machine.cursor.signed(4))


@operation(b"\x8a")
def long_integer(machine: Machine) -> None:
    size = machine.cursor.byte()
    if size > INTEGER_BYTES:
        raise too_large("huge numbers")
    machine.push(machine.cursor.signed(size))


@operation(b"G")
def real(machine: Machine) -> None:
    machine.push(struct.unpack(">d", machine.cursor.take(8))[0])


def text(code: bytes, size: int) -> None:
    def push_text(machine: Machine) -> None:
        utf8 = machine.cursor.take(machine.cursor.unsigned(size))
        if len(utf8) > SHORT_TEXT:
            machine.push(LongText(utf8))
            return
        machine.reading.text(len(utf8))
        try:
            machine.push(str(utf8, "utf-8", "surrogatepass"))
        except UnicodeDecodeError:
            raise damaged("text that is not UTF-8") from None

    OPERATIONS[code[0]] = push_text


text(b"\x8c", 1)
text(b"X", 4)
text(b"\x8d", 8)


def raw(code: bytes, size: int) -> None:
    def push_bytes(machine: Machine) -> None:
        view = machine.cursor.take(machine.cursor.unsigned(size))
        if len(view) > SHORT_BYTES:
            machine.push(view)
            return
        machine.reading.text(len(view))
        machine.push(bytes(view))

    OPERATIONS[code[0]] = push_bytes


raw(b"C", 1)
raw(b"B", 4)
raw(b"\x8e", 8)
raw(b"\x96", 8)  # a bytearray, which numpy writes in protocol 5; read as bytes


# ---- containers


@operation(b"t")
def tuple_from_mark(machine: Machine) -> None:
    machine.push(tuple(machine.pop_to_mark()))


def short_tuple(code: bytes, count: int) -> None:
    def push_tuple(machine: Machine) -> None:
        machine.require(count)
        values = tuple(machine.stack[-count:])
        del machine.stack[-count:]
        machine.push(values)

    OPERATIONS[code[0]] = push_tuple


short_tuple(b"\x85", 1)
short_tuple(b"\x86", 2)
short_tuple(b"\x87", 3)


def empty(code: bytes, kind: Callable[[], object]) -> None:
    OPERATIONS[code[0]] = lambda machine: machine.push(kind())


empty(b"]", list)
empty(b"}", dict)
empty(b"\x8f", set)


def extend(machine: Machine, values: list) -> None:
    target = machine.top()
    if type(target) is not list:
        raise damaged("an entry for a list that is none")
    target.extend(values)


@operation(b"a")
def append(machine: Machine) -> None:
    extend(machine, [machine.pop()])


@operation(b"e")
def appends(machine: Machine) -> None:
    extend(machine, machine.pop_to_mark())


def set_items(machine: Machine, keys: list, values: list) -> None:
    target = machine.top()
    if type(target) is not dict or len(keys) != len(values):
        raise damaged("an entry for a table that is none")
    for key, value in zip(keys, values, strict=True):
        target[checked_key(key)] = value


@operation(b"s")
def set_item(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    set_items(machine, [key], [value])


@operation(b"u")
def set_many_items(machine: Machine) -> None:
    pairs = machine.pop_to_mark()
    set_items(machine, pairs[::2], pairs[1::2])


@operation(b"\x90")
def add_items(machine: Machine) -> None:
    values = machine.pop_to_mark()
    target = machine.top()
    if type(target) is not set:
        raise damaged("an entry for a set that is none")
    target.update(map(checked_key, values))


# ---- the memo


def memo(code: bytes, size: int, *, recalls: bool) -> None:
    def recall(machine: Machine) -> None:
        machine.push(machine.recall(machine.cursor.unsigned(size)))

    def remember(machine: Machine) -> None:
        machine.remember(machine.cursor.unsigned(size))

    OPERATIONS[code[0]] = recall if recalls else remember


memo(b"h", 1, recalls=True)
memo(b"j", 4, recalls=True)
memo(b"q", 1, recalls=False)
memo(b"r", 4, recalls=False)


@operation(b"\x94")
def memoize(machine: Machine) -> None:
    machine.remember(len(machine.memo))


# ---- names, and what may be done with them


@operation(b"c")
def name(machine: Machine) -> None:
    module = machine.cursor.line()
    machine.push(machine.lookup(module, machine.cursor.line()))


@operation(b"\x93")
def name_from_stack(machine: Machine) -> None:
    qualified, module = machine.pop(), machine.pop()
    machine.push(machine.lookup(module, qualified))


def call(machine: Machine, *, new: bool) -> None:
    arguments, function = machine.pop(), machine.pop()
    if not isinstance(function, Function) or type(arguments) is not tuple:
        raise foreign("a call of something that is no function")
    if function.build is None or function.new is not new:
        raise foreign(f"an unusual use of {function.name}")
    machine.push(function.build(machine.reading, arguments))


@operation(b"R")
def reduce(machine: Machine) -> None:
    call(machine, new=False)


@operation(b"\x81")
def new_object(machine: Machine) -> None:
    call(machine, new=True)


@operation(b"b")
def build(machine: Machine) -> None:
    state, target = machine.pop(), machine.pop()
    if isinstance(target, Unfinished) and target.value is None:
        target.value = target.finish(machine.reading, state)
        machine.push(target.value)
    elif type(target) is dict and type(state) is dict and _says_nothing(state):
        machine.push(target)
    else:
        raise foreign("an object that sets attributes of another")


def _says_nothing(state: dict) -> bool:
    """True for no attributes, and for the one that torch hangs on a state dict."""
    return not state or (len(state) == 1 and "_metadata" in state)


@operation(b"Q")
def persistent_id(machine: Machine) -> None:
    if machine.persistent is None:
        raise foreign("a reference to data outside the file")
    machine.push(machine.persistent(machine.pop()))
