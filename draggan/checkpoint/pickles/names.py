"""The closed table of names that a model file may mention, and what each of them becomes.

A name that is not here refuses the file. Nothing here imports what it names.
"""

from __future__ import annotations

from .legacy_stream import read_nested_stream
from .machine import checked_key
from .numpy_values import NUMPY
from .reading import Reading
from .refusal import damaged, foreign
from .storages import STORAGE_TYPES, TENSORS, natural
from .tokens import Function, LongText, Table, Unfinished, is_text
from .values import Namespace, Record

_LONGEST_CLASS_NAME = 100
_META = {"type", "version", "module_src", "class_name", "state"}


def record_from(reading: Reading, arguments: tuple) -> Record:
    """torch_utils.persistence: a module that brings its own source, which stays a string."""
    meta = arguments[0] if len(arguments) == 1 else None
    if type(meta) is not dict or set(meta) != _META or not is_text(meta["type"], "class"):
        raise damaged("a module without description")
    version, class_name, source = meta["version"], meta["class_name"], meta["module_src"]
    if type(version) is not int or not 1 <= version <= 6:
        raise foreign("a module of an unknown version")
    if type(class_name) is not str or type(source) is not str or type(meta["state"]) is not dict:
        raise damaged("the description of a module")
    if len(class_name) > _LONGEST_CLASS_NAME or not class_name.isidentifier():
        raise damaged("the name of a class")
    return Record(class_name, reading.sha256(source), version, meta["state"])


class UnfinishedNamespace(Unfinished):
    """argparse.Namespace before BUILD brings its values."""

    def finish(self, reading: Reading, state: object) -> Namespace:
        if type(state) is not dict:
            raise damaged("the options of a training run")
        return Namespace(state)


def namespace_from(reading: Reading, arguments: tuple) -> UnfinishedNamespace:
    if arguments:
        raise damaged("the options of a training run")
    return UnfinishedNamespace()


def empty_dict_from(reading: Reading, arguments: tuple) -> dict[object, object]:
    if arguments:
        raise damaged("a table")
    return {}


def ordered_dict_from(reading: Reading, arguments: tuple) -> dict[object, object]:
    """collections.OrderedDict: empty, or from a list of pairs as Python 2 wrote it."""
    pairs = arguments[0] if len(arguments) == 1 else []
    if len(arguments) > 1 or type(pairs) is not list:
        raise damaged("a table")
    reading.step(len(pairs))
    table: dict[object, object] = {}
    for pair in pairs:
        if type(pair) not in (list, tuple) or len(pair) != 2:
            raise damaged("a table")
        table[checked_key(pair[0])] = pair[1]
    return table


def default_dict_from(reading: Reading, arguments: tuple) -> dict[object, object]:
    """collections.defaultdict: what it would add is forgotten."""
    if len(arguments) > 1 or any(id(f) not in map(id, _FACTORIES) for f in arguments):
        raise damaged("a table")
    return {}


def set_from(reading: Reading, arguments: tuple) -> set:
    if len(arguments) > 1 or any(type(members) is not list for members in arguments):
        raise damaged("a set")
    members = arguments[0] if arguments else []
    reading.step(len(members))
    return set(map(checked_key, members))


def size_from(reading: Reading, arguments: tuple) -> tuple[int, ...]:
    """torch.Size."""
    if len(arguments) != 1 or type(arguments[0]) not in (list, tuple):
        raise damaged("a shape")
    reading.step(len(arguments[0]))
    return tuple(natural(n, 1 << 40) for n in arguments[0])


def device_from(reading: Reading, arguments: tuple) -> str:
    """torch.device, as the text 'cpu' or 'cuda:0'; it plays no role for us."""
    if not 1 <= len(arguments) <= 2 or type(arguments[0]) is not str:
        raise damaged("a device")
    return ":".join([arguments[0], *(str(natural(n, 1 << 16)) for n in arguments[1:])])


def path_from(reading: Reading, arguments: tuple) -> str:
    """pathlib's paths, as text that nothing here opens."""
    reading.step(len(arguments))
    if not all(type(part) is str for part in arguments):
        raise damaged("a path")
    reading.text(sum(map(len, arguments)))
    root, *rest = arguments or (".",)
    return "/".join([root.rstrip("/"), *rest])


def encoded_from(reading: Reading, arguments: tuple) -> bytes | memoryview:
    """_codecs.encode(text, 'latin1'): how protocol 2 writes bytes."""
    if len(arguments) != 2 or not is_text(arguments[1], "latin1", "latin-1"):
        raise foreign("text in an unusual encoding")
    text = arguments[0]
    if isinstance(text, LongText):
        if text.latin1 is None:
            reading.copy(len(text.utf8))
            text.latin1 = memoryview(_latin1(str(text.utf8, "utf-8", "replace")))
        return text.latin1
    if type(text) is not str:
        raise damaged("encoded text")
    reading.text(len(text))
    return _latin1(text)


def _latin1(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise damaged("bytes written as text") from None


def no_bytes_from(reading: Reading, arguments: tuple) -> bytes:
    """bytes(): how protocol 2 writes b''."""
    if arguments:
        raise foreign("an unusual use of bytes")
    return b""


def storage_from(reading: Reading, arguments: tuple) -> object:
    """torch.storage._load_from_bytes: a storage in a stream of its own."""
    data = arguments[0] if len(arguments) == 1 else None
    if not isinstance(data, (bytes, memoryview)):
        raise damaged("there is no stored tensor where one should be")
    return read_nested_stream(memoryview(data), reading, STORAGE_TYPES)


_DTYPES = [
    "float16",
    "float32",
    "float64",
    "bfloat16",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "bool",
]
_BUILTINS = ("builtins", "__builtin__")
_FACTORIES = tuple(
    Function(f"builtins.{name}", None) for name in ("dict", "list", "int", "float", "str", "tuple")
)


def _both_spellings(name: str, token: Function) -> dict[tuple[str, str], object]:
    return {(module, name): token for module in _BUILTINS}


def _names() -> dict[tuple[str, str], object]:
    easy = Function("EasyDict", empty_dict_from, new=True)
    path = Function("pathlib", path_from)
    table: dict[tuple[str, str], object] = {
        **NUMPY,
        **TENSORS,
        **STORAGE_TYPES,
        ("torch_utils.persistence", "_reconstruct_persistent_obj"): Function("record", record_from),
        ("dnnlib.util", "EasyDict"): easy,
        ("dnnlib", "EasyDict"): easy,
        ("collections", "OrderedDict"): Function("OrderedDict", ordered_dict_from),
        ("collections", "defaultdict"): Function("defaultdict", default_dict_from),
        ("argparse", "Namespace"): Function("Namespace", namespace_from, new=True),
        ("_codecs", "encode"): Function("encode", encoded_from),
        ("torch", "Size"): Function("torch.Size", size_from),
        ("torch", "device"): Function("torch.device", device_from),
        ("torch.storage", "_load_from_bytes"): Function("_load_from_bytes", storage_from),
        **{("torch", name): f"torch.{name}" for name in _DTYPES},
        **_both_spellings("set", Function("set", set_from)),
        **_both_spellings("bytes", Function("bytes", no_bytes_from)),
    }
    for factory in _FACTORIES:
        table.update(_both_spellings(factory.name.rpartition(".")[2], factory))
    for module in ("pathlib", "pathlib._local"):
        for name in ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"):
            table[module, name] = path
    return table


NAMES: Table = _names()
