"""Sound files of foreign trainers, and files that are no checkpoints at all."""

from __future__ import annotations

import argparse
import collections
import hashlib
import pathlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from draggan.checkpoint.pickles import Namespace, Record, read_pickles
from draggan.errors import BadCheckpoint

from .persistence_standins import (
    SOURCE,
    EasyDict,
    Network,
    Persistent,
    dump,
    module_state,
    torch_save,
)
from .pickle_assembler import (
    call,
    list_of,
    name,
    nested,
    number,
    persistent,
    pickle,
    stream,
    tensor,
    text,
    tuple_of,
)

CONTAINERS: dict[str, Callable[[object], bytes]] = {
    **{f"protocol_{n}": lambda value, n=n: dump(value, protocol=n) for n in (2, 3, 4, 5)},
    "zip": torch_save,
    "stream": lambda value: torch_save(value, zipped=False),
}


@pytest.fixture(params=CONTAINERS)
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[object], object]:
    """Writes a value in one of the containers and reads it back."""

    def write_and_read(value: object) -> object:
        path = tmp_path / "model.bin"
        path.write_bytes(CONTAINERS[request.param](value))
        return read_pickles(path)

    return write_and_read


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[bytes], BadCheckpoint]:
    def refuse(data: bytes) -> BadCheckpoint:
        path = tmp_path / "thing.pkl"
        path.write_bytes(data)
        with pytest.raises(BadCheckpoint) as caught:
            read_pickles(path)
        return caught.value

    return refuse


def test_plain_values_come_back_as_they_were(read: Callable) -> None:
    value = {
        "numbers": [0, 255, 65_535, -1, 1 << 40, -(1 << 63), 1 << 100, 0.5, float("inf")],
        "text": ("", "x", "äöü\u20ac", "long " * 100),
        "others": [None, True, False, b"", b"\x00\xff", {"a", "b"}, set(), (), (1,), [], {}],
        7: {None: 1, True: 2},
    }
    assert read(value) == value


def test_dicts_of_every_kind_are_read_as_dicts(read: Callable) -> None:
    default = collections.defaultdict(list, {"a": [1]})
    value = [collections.OrderedDict(b=1, a=2), EasyDict(c=3), default]
    found = read(value)
    assert found == [{"b": 1, "a": 2}, {"c": 3}, {"a": [1]}]
    assert all(type(each) is dict for each in found) and list(found[0]) == ["b", "a"]


def test_what_trainers_leave_in_their_options_is_read_inertly(read: Callable) -> None:
    options = argparse.Namespace(
        size=256,
        out=pathlib.PurePosixPath("/a/b"),
        kind=torch.float32,
        device=torch.device("cuda", 1),
    )
    found = read({"args": options, "shape": torch.Size([1, 2])})
    values = {"size": 256, "out": "/a/b", "kind": "torch.float32", "device": "cuda:1"}
    assert found == {"args": Namespace(values), "shape": (1, 2)}


@pytest.mark.parametrize(
    "dtype",
    ["float32", "float64", "float16", *("int64", "int32", "int16", "int8", "uint8", "bool")],
)
def test_tensors_keep_type_and_value(read: Callable, dtype: str) -> None:
    tensor = (torch.arange(12).reshape(3, 4) % 5).to(getattr(torch, dtype))
    found = read({"t": tensor})["t"]
    assert found.dtype == dtype and np.array_equal(found, tensor.numpy())


def test_bfloat16_becomes_float32(read: Callable) -> None:
    tensor = torch.randn(5, 6, generator=torch.Generator().manual_seed(0)).bfloat16()
    found = read(tensor)
    assert found.dtype == np.float32 and np.array_equal(found, tensor.float().numpy())


def test_single_numbers_are_arrays_whatever_their_type(read: Callable) -> None:
    found = read([torch.tensor(1.5).bfloat16(), torch.tensor(True), torch.tensor(2)])
    assert all(type(each) is np.ndarray and each.shape == () for each in found)
    assert [each.item() for each in found] == [1.5, True, 2]


def test_views_parts_and_shared_storages_are_followed(read: Callable) -> None:
    whole = torch.arange(24.0).reshape(4, 6)
    value = {
        "whole": whole,
        "transposed": whole.t(),
        "part": whole[1:3, 2:5],
        "channels_last": torch.arange(24.0)
        .reshape(1, 2, 3, 4)
        .to(memory_format=torch.channels_last),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
    }
    found = read(value)
    for key, wanted in value.items():
        assert found[key].shape == tuple(wanted.shape)
        assert np.array_equal(found[key], wanted.detach().numpy()), key


def test_numpy_numbers_become_plain_ones_and_arrays_stay_arrays(read: Callable) -> None:
    value = [np.float32(0.5), np.float64(0.25), np.int64(-3), np.bool_(True)]
    assert read(value) == [0.5, 0.25, -3, True]
    arrays = [np.arange(6.0).reshape(2, 3).T, np.arange(5000), np.array([1, 2], ">i4")]
    for found, array in zip(read(arrays), arrays, strict=True):
        assert np.array_equal(found, array) and found.dtype.isnative


def test_a_module_that_brings_its_source_is_read_as_a_record(read: Callable) -> None:
    inner = Persistent("Layer", module_state(parameters={"weight": torch.ones(2, 3)}, gain=0.5))
    module = Persistent("Generator", module_state(modules={"fc": inner}, init_kwargs={"z_dim": 4}))
    found = read({"G_ema": module, "D": None})["G_ema"]
    assert isinstance(found, Record) and found.class_name == "Generator" and found.version == 6
    assert found.source_sha256 == hashlib.sha256(SOURCE.encode()).hexdigest()
    assert found.state["_init_kwargs"] == {"z_dim": 4}
    layer = found.state["_modules"]["fc"]
    assert layer.class_name == "Layer" and layer.state["gain"] == 0.5
    assert np.array_equal(layer.state["_parameters"]["weight"], np.ones((2, 3)))


def test_state_dicts_and_optimisers_are_read(read: Callable) -> None:
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimiser = torch.optim.Adam(network.parameters())
    network(torch.randn(4, 3)).sum().backward()
    optimiser.step()
    found = read({"g": network.state_dict(), "g_optim": optimiser.state_dict()})
    assert list(found["g"]) == list(network.state_dict())
    assert np.array_equal(found["g"]["0.weight"], network[0].weight.detach().numpy())
    assert set(found["g_optim"]["state"]) == {0, 1, 2, 3}


def test_large_weights_are_views_of_the_file_not_copies(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    for container in ("protocol_4", "zip", "stream"):
        path.unlink(missing_ok=True)
        path.write_bytes(CONTAINERS[container](torch.zeros(1000, 1000)))
        found = read_pickles(path)
        assert isinstance(found, np.ndarray)
        assert not found.flags.owndata and not found.flags.writeable


def test_a_tensorflow_era_pickle_is_named_with_the_way_to_convert_it(refusal: Callable) -> None:
    error = refusal(dump((Network("G"), Network("D"), Network("Gs"))))
    assert error.sentence == "thing.pkl is a TensorFlow-era StyleGAN pickle."
    assert "legacy.py --source" in error.hint


def test_an_unknown_name_is_told_and_that_nothing_ran(refusal: Callable) -> None:
    error = refusal(pickle(call(name("some.trainer", "Network"), text("x"))))
    assert "some.trainer.Network" in error.sentence and "executed" in error.hint


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git-lfs pointer"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "PNG picture"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "JPEG picture"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"\n  <html>", "web page"),
        (b'{"error": "not found"}', "JSON text"),
        (b"\x1f\x8b\x08" + bytes(20), "gzip"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(20), "7z archive"),
        (b"\x10\0\0\0\0\0\0\0" + b'{"a":{}}' + bytes(20), "safetensors"),
        (b"(dp0\nS'G'\np1\nNs.", "protocol 0 or 1"),
        (b"}q\x00U\x01aK\x01s.", "protocol 0 or 1"),
        (b"PK\5\6" + bytes(18), "empty zip"),
        (bytes(1000), "zeros"),
        (b"hello", "is not a model file"),
    ],
)
def test_files_that_are_no_checkpoints_are_named_for_what_they_are(
    refusal: Callable, data: bytes, says: str
) -> None:
    error = refusal(data)
    assert says in error.sentence and error.hint and error.sentence.startswith("thing.pkl ")


def test_a_file_is_known_by_its_contents_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(torch_save({"a": 1}))
    assert read_pickles(path) == {"a": 1}


def test_every_truncation_is_refused(refusal: Callable) -> None:
    for write in CONTAINERS.values():
        data = write({"w": torch.ones(3), "x": [1, "two"]})
        for length in range(0, len(data), 1 + len(data) // 40):
            assert refusal(data[:length]).hint


def test_missing_files_folders_and_devices_are_refused(tmp_path: Path) -> None:
    for path, says in (
        (tmp_path / "none", "exist"),
        (tmp_path, "file"),
        (Path("/dev/zero"), "file"),
    ):
        with pytest.raises(BadCheckpoint, match=says):
            read_pickles(path)


def test_a_parameter_with_attributes_of_its_own_is_read(read: Callable) -> None:
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.learning_rate = 0.5  # type: ignore[attr-defined]
    assert np.array_equal(read({"w": parameter})["w"], np.ones(2))


def test_where_a_storage_was_does_not_matter(tmp_path: Path) -> None:
    on_a_gpu = (
        persistent().replace(b"ctorch\n", b"ctorch.cuda\n").replace(text("cpu"), text("cuda:3"))
    )
    (tmp_path / "model.pt").write_bytes(stream(tensor(on_a_gpu)))
    assert np.array_equal(read_pickles(tmp_path / "model.pt"), np.zeros((2, 3)))


def test_names_of_older_versions_are_known(tmp_path: Path) -> None:
    easy = name("dnnlib", "EasyDict") + b")\x81" + text("a") + number(1) + b"s"
    pairs = list_of(list_of(text("b"), number(2)))
    ordered = call(name("collections", "OrderedDict"), pairs)
    sizes = tuple_of(number(6)) + tuple_of(number(1))
    old = call(name("torch._utils", "_rebuild_tensor"), nested(), number(0), sizes)
    (tmp_path / "old.pkl").write_bytes(pickle(list_of(easy, ordered, old)))
    found = read_pickles(tmp_path / "old.pkl")
    assert found[:2] == [{"a": 1}, {"b": 2}] and np.array_equal(found[2], np.zeros(6))


def test_an_archive_without_checksums_is_read(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        (tmp_path / "model.pt").write_bytes(torch_save({"a": torch.ones(3)}))
    finally:
        torch.serialization.set_crc32_options(True)
    assert np.array_equal(read_pickles(tmp_path / "model.pt")["a"], np.ones(3))


def test_a_view_of_the_oldest_torch_is_the_part_that_it_says(tmp_path: Path) -> None:
    view = tuple_of(text("a view's name"), number(2), number(4))
    part = tensor(persistent(view=view), size=(4,), stride=(1,))
    data = stream(part, data=np.arange(6, dtype="<f4").tobytes())
    (tmp_path / "old.pt").write_bytes(data)
    assert np.array_equal(read_pickles(tmp_path / "old.pt"), [2, 3, 4, 5])


def test_a_big_endian_stream_is_refused(refusal: Callable) -> None:
    data = stream(tensor(b"N"))
    little = text("little_endian") + b"\x88"
    assert "big-endian" in refusal(data.replace(little, little[:-1] + b"\x89")).sentence


def test_the_reader_needs_no_torch() -> None:
    code = "import sys, draggan.checkpoint.pickles; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
