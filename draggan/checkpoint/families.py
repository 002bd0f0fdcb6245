"""A foreign file's networks, recognised by what the file holds and never by what it is called.

Stored modules come first (they state their arithmetic), then state dictionaries in NVIDIA's and in
rosinality's layout, wherever in the file they are. Imports torch and the other readers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..discriminator import Discriminator
from ..errors import BadCheckpoint
from ..stylegan2 import StyleGAN2
from . import nvidia, rosinality
from .assembly import Arithmetic, build_discriminator, build_generator
from .contents import Array, Contents, Source, below, contents_of, prefixes
from .strangers import refusal_of

_NVIDIA = ("synthesis.b4.const", "synthesis.b4.conv1.weight", "mapping.fc0.weight")
_NVIDIA_DISCRIMINATOR = ("b4.fc.weight", "b4.conv.weight", "b4.out.weight")


@dataclass(frozen=True)
class Imported:
    """What a foreign file held: networks in float32 on the CPU, every tensor in its place."""

    network: StyleGAN2
    discriminator: Discriminator | None
    origin: str  # the kind of file, for people
    notes: tuple[str, ...]  # what the user should know, a plain sentence each


def recognise(value: object, *, name: str) -> Imported:
    """The networks in a file's values, as `read_pickles` returns them or as a dict of arrays.

    `name` is the file's, for messages only. The moving average of the generator is preferred. A
    discriminator that is missing or cannot be used becomes a note. Raises `BadCheckpoint`, in one
    sentence, for everything that holds no usable StyleGAN2 generator.
    """
    source, contents = Source(name), contents_of(value)
    for find in (_stored, _nvidia_layout, _rosinality_layout):
        found = find(contents, source)
        if found is not None:
            network, origin = found
            discriminator = _discriminator(contents, network, source)
            return Imported(network, discriminator, origin, tuple(source.notes))
    raise refusal_of(value, contents, source)


def _stored(contents: Contents, source: Source) -> tuple[StyleGAN2, str] | None:
    """A generator stored as a whole module; the moving average first."""
    paths = sorted(contents.records, key=lambda path: "ema" not in path.lower())
    for path in paths:
        tree = nvidia.tree_of(contents.records[path], source)
        if nvidia.is_generator(tree):
            network = nvidia.generator_from(tree, source)
            return network, nvidia.origin_of(tree, alone=not path)
    return None


def _nvidia_layout(contents: Contents, source: Source) -> tuple[StyleGAN2, str] | None:
    for prefix in prefixes(contents.tensors, *_NVIDIA):
        weights = below(contents.tensors, prefix)
        weights.pop("latent_avg", None)
        network = build_generator(
            weights, Arithmetic(), source, w_avg=_latent_average(contents, prefix)
        )
        source.note(
            "A state dictionary does not say whether its network clamps its layers; this one is "
            "taken not to."
        )
        return network, "NVIDIA-layout state dict"
    return None


def _rosinality_layout(contents: Contents, source: Source) -> tuple[StyleGAN2, str] | None:
    for prefix in prefixes(contents.tensors, *rosinality.GENERATOR):
        weights = below(contents.tensors, prefix)
        weights.pop("latent_avg", None)
        own = rosinality.generator_weights(weights, source)
        average = _latent_average(contents, prefix)
        network = build_generator(own, Arithmetic(), source, w_avg=average)
        if prefix.endswith("decoder."):
            return network, "the decoder of an encoder checkpoint (rosinality layout)"
        return network, "rosinality StyleGAN2 .pt"
    return None


def _latent_average(contents: Contents, prefix: str) -> Array | None:
    """The `latent_avg` that is nearest to the weights below `prefix`."""
    found = [n for n in contents.tensors if n == "latent_avg" or n.endswith(".latent_avg")]
    near = sorted(found, key=lambda n: not n.startswith(prefix))
    return contents.tensors[near[0]] if near else None


def _discriminator(contents: Contents, network: StyleGAN2, source: Source) -> Discriminator | None:
    size, resolution = network.architecture.const_size, network.architecture.resolution
    for build in _discriminators(contents, source, size):
        try:
            discriminator = build()
        except BadCheckpoint as error:
            source.note(f"The discriminator was left out: {error.sentence}")
            return None
        if discriminator.resolution == resolution:
            return discriminator
        source.note("The discriminator was left out: it is for pictures of another size.")
        return None
    source.note("The file holds no discriminator.")
    return None


def _discriminators(
    contents: Contents, source: Source, size: tuple[int, int]
) -> list[Callable[[], Discriminator]]:
    """How to build each discriminator that there is."""
    found: list[Callable[[], Discriminator]] = []
    for record in contents.records.values():
        tree = nvidia.tree_of(record, source)
        if nvidia.is_discriminator(tree):
            found.append(partial(nvidia.discriminator_from, tree, source, end_size=size))
    tensors, plain = contents.tensors, Arithmetic()
    for prefix in prefixes(tensors, *_NVIDIA_DISCRIMINATOR):
        own = below(tensors, prefix)
        found.append(partial(build_discriminator, own, plain, source, end_size=size))
    for prefix in prefixes(tensors, *rosinality.DISCRIMINATOR):
        weights = below(tensors, prefix)
        found.append(partial(_rosinality_discriminator, weights, source))
    return found


def _rosinality_discriminator(weights: dict[str, Array], source: Source) -> Discriminator:
    own = rosinality.discriminator_weights(weights, source)
    return build_discriminator(own, Arithmetic(), source)
