"""Writes files in the formats of foreign trainers, with stand-ins for their classes.

`Persistent` pickles byte for byte in the form of a module of torch_utils.persistence, and
`EasyDict` as dnnlib's: the names exist only while `dump` or `torch_save` is at work.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch

SOURCE = "# the source code of a foreign network\nclass Generator: ...\n"


def _reconstruct_persistent_obj(meta: dict[str, Any]) -> None:
    raise AssertionError("a stand-in is written, never loaded")


class EasyDict(dict):
    """What dnnlib.util.EasyDict pickles as: a dict subclass that NEWOBJ makes."""


class Network:
    """What dnnlib.tflib.network.Network pickles as: an object of the TensorFlow era."""

    def __init__(self, name: str) -> None:
        self.name = name


class Persistent:
    """An object that pickles as a record: its class's name and source, and its state."""

    def __init__(self, class_name: str, state: Mapping[str, Any], *, source: str = SOURCE) -> None:
        self.class_name = class_name
        self.state = dict(state)
        self.source = source

    def __reduce__(self) -> tuple:
        meta = {
            "type": "class",
            "version": 6,
            "module_src": self.source,
            "class_name": self.class_name,
            "state": self.state,
        }
        return _reconstruct_persistent_obj, (meta,), None


def module_state(
    *,
    parameters: Mapping[str, torch.Tensor | None] | None = None,
    buffers: Mapping[str, torch.Tensor | None] | None = None,
    modules: Mapping[str, Any] | None = None,
    init_args: tuple = (),
    init_kwargs: Mapping[str, Any] | None = None,
    **attributes: Any,
) -> dict[str, Any]:
    """The `__dict__` of a torch module with these contents, as a record's state holds it."""
    hooks = ("_backward_hooks", "_forward_hooks", "_forward_pre_hooks", "_state_dict_hooks")
    return {
        "training": False,
        "_parameters": OrderedDict(
            (name, None if tensor is None else torch.nn.Parameter(tensor, requires_grad=False))
            for name, tensor in (parameters or {}).items()
        ),
        "_buffers": OrderedDict(buffers or {}),
        "_non_persistent_buffers_set": set(),
        **{name: OrderedDict() for name in hooks},
        "_modules": OrderedDict(modules or {}),
        **attributes,
        "_init_args": init_args,
        "_init_kwargs": dict(init_kwargs or {}),
    }


_NAMES = {
    "torch_utils": {},
    "torch_utils.persistence": {"_reconstruct_persistent_obj": _reconstruct_persistent_obj},
    "dnnlib": {},
    "dnnlib.util": {"EasyDict": EasyDict},
    "dnnlib.tflib": {},
    "dnnlib.tflib.network": {"Network": Network},
}


@contextmanager
def _foreign_names() -> Iterator[None]:
    """Lets pickle find the stand-ins under the names that they are to be written with."""
    before = {name: sys.modules.get(name) for name in _NAMES}
    homes = {}
    for name, contents in _NAMES.items():
        sys.modules[name] = module = ModuleType(name)
        for attribute, value in contents.items():
            homes[value] = value.__module__
            value.__module__ = name
            setattr(module, attribute, value)
    try:
        yield
    finally:
        for value, home in homes.items():
            value.__module__ = home
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def dump(value: object, *, protocol: int = 4) -> bytes:
    """A plain pickle, as NVIDIA's training loop writes it."""
    with _foreign_names():
        return pickle.dumps(value, protocol=protocol)


def torch_save(value: object, *, zipped: bool = True) -> bytes:
    """torch.save's zip archive, or with `zipped=False` the stream that it wrote before."""
    file = io.BytesIO()
    with _foreign_names():
        torch.save(value, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()
