"""Networks that NVIDIA's code pickled as whole modules; the pickle reader's values and `assembly`.

Such a file holds the tree of modules with all their attributes, so that arithmetic which no tensor
shows (clamps, multipliers, activations) is read from the layers themselves: defaults differ between
code bases, and the stored source code is not executed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..discriminator import Discriminator
from ..stylegan2 import StyleGAN2
from .assembly import Arithmetic, build_discriminator, build_generator
from .contents import Array, Source
from .pickles import Record

_MAX_MODULES = 5000
_MAX_DEPTH = 16
_LINEAR = ("affine", "embed", "out", "skip")  # all other layers are leaky ReLUs
_CLAMPED = ("conv0", "conv1", "conv", "torgb")
# SHA-256 of network code whose pictures were compared with ours, or that differs from such code in
# nothing that computes; other code may compute otherwise.
KNOWN_SOURCES = (
    "53b4e1ec457171d4e2c1454d48013765ab626141c35cdd383b020950effe11a5",  # stylegan2-ada-pytorch
    "b6f14e8fa2a95de4d38218fef31380c6a70de770f585107e209ff83075c307ef",  # stylegan3
    "d92c7b714bb999b097ee51bc13fd7fca8bb6a71c5644cabace8b606af3ed1cdd",  # DragGAN
    "6e8e74ae11b52310816392eaa3e16ad5923490bc1ba2c0dc54b431607d55af8e",  # StyleGAN-Human
)


@dataclass(frozen=True)
class Tree:
    """A stored module: its tensors by name, and each submodule's attributes by path."""

    record: Record
    tensors: Mapping[str, Array]
    attributes: Mapping[str, Mapping[str, object]]  # "" is the module itself

    @property
    def own(self) -> Mapping[str, object]:
        """The module's own attributes."""
        return self.attributes[""]

    def of(self, name: str, layers: tuple[str, ...]) -> list[object]:
        """The values of an attribute in the submodules whose last name is one of `layers`."""
        return [
            _plain(state[name])
            for path, state in self.attributes.items()
            if path.rpartition(".")[2] in layers and name in state
        ]


def tree_of(record: Record, source: Source) -> Tree:
    """Lay a stored module out flat. Raises `BadCheckpoint` for one that has too many parts."""
    tensors: dict[str, Array] = {}
    attributes: dict[str, Mapping[str, object]] = {}
    for path, module in _modules("", record, 0):
        attributes[path] = module.state
        if len(attributes) > _MAX_MODULES:
            raise source.refusal("holds more modules than any network has.")
        tensors |= {f"{path}.{n}" if path else n: a for n, a in _tensors(module)}
    return Tree(record, tensors, attributes)


def _modules(path: str, record: Record, depth: int) -> Iterator[tuple[str, Record]]:
    yield path, record
    if depth == _MAX_DEPTH:
        return  # far deeper than any network: what is missing below will be told
    for name, child in _mapping(record.state.get("_modules")).items():
        if isinstance(child, Record):
            below = f"{path}.{name}" if path else str(name)
            yield from _modules(below, child, depth + 1)


def _tensors(record: Record) -> Iterator[tuple[str, Array]]:
    passing = record.state.get("_non_persistent_buffers_set")
    for group in ("_parameters", "_buffers"):
        for name, array in _mapping(record.state.get(group)).items():
            stored = group == "_parameters" or not isinstance(passing, set) or name not in passing
            if stored and isinstance(array, np.ndarray | np.generic):
                yield str(name), np.asarray(array)


def _mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, Mapping) else {}


def is_generator(tree: Tree) -> bool:
    """Whether it is a StyleGAN2 generator, by its parts."""
    return "synthesis.b4.const" in tree.tensors


def is_discriminator(tree: Tree) -> bool:
    """Whether it is a StyleGAN2 discriminator, by its parts."""
    return {"b4.conv.weight", "b4.fc.weight", "b4.out.weight"} <= set(tree.tensors)


def generator_from(tree: Tree, source: Source) -> StyleGAN2:
    """The stored generator; raises `BadCheckpoint` if it computes something that ours cannot."""
    if tree.record.source_sha256 not in KNOWN_SOURCES:
        source.note(
            "The network code stored in the file is not one that is known here "
            f"(sha256 {tree.record.source_sha256[:12]}); its parts are those of StyleGAN2."
        )
    network = build_generator(tree.tensors, _arithmetic(tree, source), source)
    a = network.architecture
    for name, ours in (
        ("z_dim", a.z_dim),
        ("w_dim", a.w_dim),
        ("c_dim", a.c_dim),
        ("img_resolution", a.resolution),
    ):
        stated = _plain(tree.own.get(name, _keywords(tree).get(name, ours)))
        if stated != ours:
            raise source.refusal(
                f"states {name} = {str(stated)[:20]}, but its weights are for {ours}."
            )
    return network


def discriminator_from(
    tree: Tree, source: Source, *, end_size: tuple[int, int] = (4, 4)
) -> Discriminator:
    """The stored discriminator; raises `BadCheckpoint` if it computes something ours cannot."""
    known = _arithmetic(tree, source)
    return build_discriminator(tree.tensors, known, source, end_size=end_size)


def origin_of(tree: Tree, *, alone: bool) -> str:
    """Who wrote the generator: nested keyword arguments are StyleGAN2-ADA's way."""
    if alone:
        return "PTI tuned generator"
    if "num_fp16_res" in tree.attributes.get("synthesis", {}):
        return "NVIDIA StyleGAN2 pickle (stylegan3 code)"
    return "NVIDIA StyleGAN2-ADA pickle"


def _arithmetic(tree: Tree, source: Source) -> Arithmetic:
    _check_activations(tree, source)
    group = tree.attributes.get("b4.mbstd", {}).get("group_size", 4)
    if group is not None and (not isinstance(group, int) or group < 1):
        raise source.refusal("states an impossible minibatch_std group.")
    return Arithmetic(
        mapping_lr=_mapping_lr(tree, source),
        conv_clamp=_conv_clamp(tree, source),
        group_size=group,
    )


def _check_activations(tree: Tree, source: Source) -> None:
    for path, state in tree.attributes.items():
        wanted = "linear" if path.rpartition(".")[2] in _LINEAR else "lrelu"
        stated = _plain(state.get("activation", wanted))
        if stated != wanted:
            raise source.refusal(
                f"uses the activation {str(stated)[:20]!r} in {path}; StyleGAN2's is {wanted}."
            )


def _conv_clamp(tree: Tree, source: Source) -> float | None:
    keywords = _keywords(tree)
    nested = _mapping(keywords.get("synthesis_kwargs"))
    stated = tree.of("conv_clamp", _CLAMPED) or [
        _plain(nested.get("conv_clamp", keywords.get("conv_clamp")))
    ]
    if any(value != stated[0] for value in stated):
        raise source.refusal("clamps some of its layers differently, which is not possible here.")
    return None if stated[0] is None else _positive(stated[0], "conv_clamp", source)


def _mapping_lr(tree: Tree, source: Source) -> float:
    """A dense layer's bias is multiplied by its learning-rate multiplier."""
    layers = [
        _plain(state["bias_gain"])
        for path, state in tree.attributes.items()
        if path.startswith("mapping.fc") and "bias_gain" in state
    ]
    nested = _mapping(_keywords(tree).get("mapping_kwargs"))
    stated = layers or [_plain(nested.get("lr_multiplier", 0.01))]
    if any(value != stated[0] for value in stated):
        raise source.refusal("has mapping layers of different learning rates.")
    return _positive(stated[0], "lr_multiplier", source)


def _keywords(tree: Tree) -> Mapping[object, object]:
    return _mapping(tree.own.get("_init_kwargs"))


def _plain(value: object) -> object:
    """Only what can be compared and shown; of anything else, its type's name."""
    return value if isinstance(value, int | float | str | None) else type(value).__name__


def _positive(value: object, name: str, source: Source) -> float:
    if isinstance(value, int | float) and math.isfinite(value) and value > 0:
        return float(value)
    raise source.refusal(f"states an impossible {name} ({str(value)[:20]}).")
