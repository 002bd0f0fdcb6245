"""A corpus of pickles that attack whoever reads them; each is refused, or read as inert values."""

from __future__ import annotations

import io
import struct
import tarfile
from dataclasses import dataclass

from .pickle_assembler import (
    LOAD,
    archive,
    call,
    dict_of,
    list_of,
    name,
    nested,
    number,
    persistent,
    pickle,
    raw,
    sound_records,
    stack_name,
    stream,
    tensor,
    text,
    tuple_of,
)

MARKER = "draggan_was_here"  # the file that a payload would leave behind
COMMAND = f"touch {MARKER}"


@dataclass(frozen=True)
class Case:
    """A file; `says` is a part of the refusal, or None for a file that is read."""

    name: str
    data: bytes
    says: str | None = ""


EVIL = call(name("posix", "system"), text(COMMAND))
SOURCE = f"import os\nos.system({COMMAND!r})\n"


def record(**changes: bytes) -> bytes:
    meta = {
        "type": text("class"),
        "version": number(6),
        "module_src": text(SOURCE),
        "class_name": text("Generator"),
        "state": dict_of(training=b"\x89"),
        **changes,
    }
    function = name("torch_utils.persistence", "_reconstruct_persistent_obj")
    return call(function, dict_of(**meta))


def tar() -> bytes:
    """The form of torch.save's files before the legacy stream, read by an unsafe path once."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tarred:
        for record in ("storages", "tensors", "pickle"):
            data = pickle(call(name("os", "system"), text(COMMAND)), protocol=2)
            info = tarfile.TarInfo(record)
            info.size = len(data)
            tarred.addfile(info, io.BytesIO(data))
    return file.getvalue()


def direct_calls() -> list[Case]:
    system = name("os", "system")
    run = tuple_of(text(COMMAND))
    popen = name("subprocess", "Popen")
    imported = call(name("builtins", "__import__"), text("os"))
    return [
        Case("os_system", pickle(call(system, text(COMMAND))), "os.system"),
        Case("posix_system", pickle(EVIL), "posix.system"),
        Case("eval_2", pickle(call(name("__builtin__", "eval"), text("1")), protocol=2), "eval"),
        Case("exec_4", pickle(call(stack_name("builtins", "exec"), text("1"))), "builtins.exec"),
        Case("protocol_0", f"cos\nsystem\n(S'{COMMAND}'\ntR.".encode(), "protocol 0 or 1"),
        Case("inst", pickle(f"(S'{COMMAND}'\nios\nsystem\n".encode()), "instruction"),
        Case("inst_at_once", pickle(b"(" + text(COMMAND) + b"ios\nsystem\n"), "instruction"),
        Case("obj", pickle(b"(" + system + text(COMMAND) + b"o"), "os.system"),
        Case("obj_of_known", pickle(b"(" + name("collections", "OrderedDict") + b"o"), "instruct"),
        Case("getattr_chain", pickle(call(name("builtins", "getattr"), imported)), "getattr"),
        Case("import", pickle(imported), "__import__"),
        Case("reconstructor", pickle(call(name("copyreg", "_reconstructor"))), "copyreg"),
        Case("partial", pickle(call(name("functools", "partial"), system)), "functools.partial"),
        Case("newobj", pickle(popen + run + b"\x81"), "subprocess.Popen"),
        Case("newobj_ex", pickle(popen + run + b"}\x92"), "subprocess.Popen"),
        Case("newobj_ex_known", pickle(name("dnnlib.util", "EasyDict") + b")}\x92"), "instruction"),
        Case("newobj_of_reduce", pickle(name("torch", "Size") + b")\x81"), "unusual use"),
        Case("evil_in_setitem", pickle(b"}" + text("a") + EVIL + b"s"), "posix.system"),
        Case("evil_as_key", pickle(b"}" + EVIL + b"Ns"), "posix.system"),
    ]


def names() -> list[Case]:
    easy = name("dnnlib", "EasyDict")
    refused = {
        "dotted": stack_name("collections", "OrderedDict.fromkeys"),
        "sys_modules": stack_name("torch._utils", "sys.modules"),
        "case": name("Collections", "OrderedDict"),
        "cyrillic": stack_name("c\u043ellections", "OrderedDict"),
        "trailing_space": name("collections ", "OrderedDict"),
        "trailing_nul": stack_name("collections\0", "OrderedDict"),
        "surrogate": stack_name("\ud800", "x"),
        "numpy_runstring": name("numpy.testing._private.utils", "runstring"),
        "numpy_myeval": name("numpy.f2py.crackfortran", "myeval"),
        "torch_hub": name("torch.hub", "load"),
        "torch_load": name("torch.serialization", "load"),
        "call_by_name": name("dnnlib.util", "call_func_by_name"),
        "open_url": name("dnnlib.util", "open_url"),
        "builtins_open": name("builtins", "open"),
        "pathlib_method": stack_name("pathlib", "PosixPath.unlink"),
        "pickle_loads": name("pickle", "loads"),
        "marshal_loads": name("marshal", "loads"),
        "code_type": name("types", "CodeType"),
        "ctypes": name("ctypes", "CDLL"),
        "rebuild_from_type": name("torch._tensor", "_rebuild_from_type_v2"),
        "empty": name("", ""),
    }
    return [
        *(Case(f"name_{key}", pickle(body), "contains") for key, body in refused.items()),
        Case("name_not_text", pickle(number(1) + text("x") + b"\x93"), "a name that is no text"),
        Case("name_endless", pickle(b"c" + b"a" * 100_000 + b"\nb\n"), "endless name"),
        Case("name_left_over", pickle(name("collections", "OrderedDict")), "loose part"),
        Case("factory_called", pickle(call(name("builtins", "dict"))), "unusual use"),
        Case("bytes_of_size", pickle(call(name("builtins", "bytes"), number(1 << 40))), "bytes"),
        Case(
            "rot13", pickle(call(name("_codecs", "encode"), text("a"), text("rot13"))), "encoding"
        ),
        Case("getattr_on_easydict", pickle(easy + b")\x81" + dict_of(__getattr__=EVIL) + b"b")),
        Case("default_of_call", pickle(call(name("collections", "defaultdict"), EVIL)), "posix"),
    ]


def nested_streams() -> list[Case]:
    evil = pickle(EVIL, protocol=2)
    zipped = archive(sound_records())
    inner = call(LOAD, raw(stream(nested())))
    unnamed = stream(keys=evil)
    return [
        Case("load_of_evil", pickle(nested(evil)), "posix.system"),
        Case("load_of_evil_object", pickle(nested(stream(EVIL))), "posix.system"),
        Case("load_of_evil_keys", pickle(nested(unnamed)), "posix.system"),
        Case("load_of_evil_key", pickle(nested(stream(persistent(key="../../x")))), "damaged"),
        Case("load_of_zip", pickle(nested(zipped)), "damaged"),
        Case("load_of_tar", pickle(nested(tar())), "damaged"),
        Case("load_of_load", pickle(inner), "_load_from_bytes"),
        Case("load_of_text", pickle(call(LOAD, text("x"))), "no stored tensor"),
        Case("load_of_half", pickle(nested(stream()[:-5])), "cut short"),
        Case("load_and_more", pickle(nested(stream() + b"x")), "left over"),
        Case(
            "module_with_source", stream(tuple_of(text("module"), *[b"N"] * 4) + b"Q"), "no storage"
        ),
        Case("tar", tar(), "tar archive"),
        Case("tensor", pickle(tensor(nested())), None),
        Case("evil_source", pickle(record()), None),
    ]


def objects_and_opcodes() -> list[Case]:
    ordered = name("collections", "OrderedDict")
    easy = name("dnnlib.util", "EasyDict") + b")\x81"
    evil_state = dict_of(__class__=text("x"))
    return [
        Case("build_on_token", pickle(ordered + b"}b"), "sets attributes"),
        Case("build_of_slots", pickle(easy + b"N" + evil_state + b"\x86b"), "sets attributes"),
        Case("build_attributes", pickle(easy + evil_state + b"b"), "sets attributes"),
        Case("build_on_list", pickle(b"]}b"), "sets attributes"),
        Case("build_on_tensor", pickle(tensor(nested()) + b"}b"), "sets attributes"),
        Case("record_of_function", pickle(record(type=text("func"))), "damaged"),
        Case("record_version", pickle(record(version=number(7))), "unknown version"),
        Case("record_version_true", pickle(record(version=b"\x88")), "unknown version"),
        Case("record_name", pickle(record(class_name=text("os.system('x')"))), "name of a class"),
        Case("record_state", pickle(record(state=list_of())), "damaged"),
        Case("record_state_keys", pickle(record(state=b"}NNs")), "state of a module"),
        Case("record_source", pickle(record(module_src=b"N")), "damaged"),
        Case("ext1", pickle(b"\x82\x01"), "instruction"),
        Case("ext2", pickle(b"\x83\x01\x00"), "instruction"),
        Case("ext4", pickle(b"\x84\x01\x00\x00\x00"), "instruction"),
        Case("persid", pickle(b"Pfile:///etc/passwd\n"), "instruction"),
        Case("binpersid", pickle(text("x") + b"Q"), "outside the file"),
        Case("next_buffer", pickle(b"\x97", protocol=5), "instruction"),
        Case("readonly_buffer", pickle(b"C\x00\x98", protocol=5), "instruction"),
        Case("dup", pickle(b"]2\x86"), "instruction"),
        Case("reduce_text", pickle(text("os.system") + tuple_of(text("x")) + b"R"), "no function"),
        Case("reduce_list", pickle(ordered + b"]R"), "no function"),
        Case("reduce_nothing", pickle(b"R"), "missing"),
        Case("mark_missing", pickle(b"t"), "mark"),
        Case("below_the_mark", pickle(b"](a"), "missing"),
        Case("odd_items", pickle(b"}(Nu"), "table"),
        Case("append_to_dict", pickle(b"}Na"), "list"),
        Case("unhashable_key", pickle(b"}]Ns"), "keys"),
        Case("array_key", pickle(b"}" + tensor(nested()) + b"Ns"), "keys"),
        Case("float_key", pickle(b"}G" + bytes(8) + b"Ns"), "keys"),
        Case("stop_early", pickle(b"NN"), "left over"),
        Case("values_left", b"\x80\x04(.", "missing"),
    ]


def sizes() -> list[Case]:
    doubled = b")" + b"q\x00h\x00\x86" * 60
    return [
        Case("memo_huge", pickle(b"Nr\xff\xff\xff\x7f"), "memo number"),
        Case("memo_unknown", pickle(b"h\x05"), "memo number"),
        Case("memo_negative", pickle(b"Nr" + struct.pack("<i", -1)), "memo number"),
        Case("memo_negative_text", pickle(b"Np-1\n"), "instruction"),
        Case("bytes_lie", pickle(b"B\xff\xff\xff\x7fabc"), "cut short"),
        Case("bytes8_lie", pickle(b"\x8e" + struct.pack("<Q", 1 << 62)), "cut short"),
        Case(
            "bytearray_lie", pickle(b"\x96" + struct.pack("<Q", 1 << 60), protocol=5), "cut short"
        ),
        Case("text8_lie", pickle(b"\x8d" + b"\xff" * 8), "cut short"),
        Case("frame_lie", pickle(b"\x95" + struct.pack("<Q", 1 << 40) + b"N"), "cut short"),
        Case(
            "long4", pickle(b"\x8b" + struct.pack("<I", 1 << 20) + b"\x01" * (1 << 20)), "instruct"
        ),
        Case("long1", pickle(b"\x8a\xff" + b"\x01" * 255), "huge numbers"),
        Case("int_text", pickle(b"I" + b"9" * 5000 + b"\n"), "instruction"),
        Case("nested_tuples", pickle(b")" + b"\x85" * 1_000_000), "too many entries"),
        Case("nested_tuples_few", pickle(b")" + b"\x85" * 400_000), "too deeply"),
        Case("nested_lists", pickle(b"]" * 200_000 + b"a" * 199_999), "too deeply"),
        Case("nested_lists_few", pickle(b"]" * 90_000 + b"a" * 89_999), "too deeply"),
        Case("nested_marks", pickle(b"(" * 200_000), "too deeply"),
        Case("doubled_tuples", pickle(doubled), "repeated too often"),
        Case("doubled_lists", pickle(_doubled_lists()), "repeated too often"),
        Case("own_list", pickle(b"]q\x00h\x00a"), "contains itself"),
        Case("own_dict", pickle(b"}q\x00" + text("a") + b"h\x00s"), "contains itself"),
        Case("own_record", pickle(b"}q\x00" + text("a") + record(state=b"h\x00") + b"s"), "itself"),
        Case("flood", pickle(b"N\x85" * 1_500_000), "too"),
        Case("same_list_again", pickle(_copied_often()), "too many entries"),
        Case("same_options_again", pickle(_wrapped_often()), "too"),
        Case("same_path_again", pickle(_joined_often()), "too"),
        Case("same_bytes_again", pickle(_converted_often()), "raw bytes"),
        Case("same_text_again", pickle(_decoded_often()), "too much text"),
        Case("trailing", pickle(b"N") + b"x", "left over"),
        Case("trailing_pickle", pickle(b"N") + pickle(EVIL), "left over"),
        Case("empty", b"", "empty"),
        Case("only_protocol", b"\x80\x04", "cut short"),
        Case("one_byte", b"\x80", "no pickle"),
        Case("truncated", pickle(tensor(nested()))[:-40], "cut short"),
        Case("protocol_99", pickle(b"N", protocol=99), "protocol 99"),
        Case("protocol_1", pickle(b"N", protocol=1), "protocol 1"),
        Case("bad_utf8", pickle(b"X\x02\x00\x00\x00\xff\xfe"), "damaged"),
    ]


def _doubled_lists() -> bytes:
    """Sixty lists, each of which holds the next one twice."""
    lists = b"".join(b"]q" + bytes([index]) for index in range(60))
    return lists + b"".join(b"ah" + bytes([index]) + b"a" for index in range(59, 0, -1))


def _copied_often() -> bytes:
    """One long list, made into a set a thousand times."""
    copied = name("builtins", "set") + b"h\x00\x85R"
    return b"](" + b"N" * 50_000 + b"e" + b"q\x00" + b"](" + copied * 1000 + b"e\x86"


def _decoded_often() -> bytes:
    encoded = name("_codecs", "encode") + b"h\x00" + text("latin1") + b"\x86R"
    return text("a" * 2_000_000) + b"q\x00](" + encoded * 100 + b"e\x86"


def _wrapped_often() -> bytes:
    """One long table, the state of a thousand objects."""
    wrapped = name("argparse", "Namespace") + b")\x81h\x00b"
    items = b"".join(text(f"{index}") + b"N" for index in range(40_000))
    return b"}(" + items + b"uq\x00](" + wrapped * 40_000 + b"e\x86"


def _joined_often() -> bytes:
    joined = name("pathlib", "PosixPath") + b"h\x00R"
    return b"(" + text("a") * 50_000 + b"tq\x00](" + joined * 50_000 + b"e\x86"


def _converted_often() -> bytes:
    """The longest of texts, decoded into bytes again and again."""
    encoded = name("_codecs", "encode") + b"h\x00" + text("latin1") + b"\x86R"
    return text("a" * 3_000_000) + b"q\x00](" + encoded * 1000 + b"e\x86"
