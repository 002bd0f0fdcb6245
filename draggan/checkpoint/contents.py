"""What a foreign file holds, found wherever it is nested; numpy and the pickle reader's values.

Trainers wrap the same networks in ever other dictionaries ("g_ema", "state_dict", "module."). So
everything is listed under its dotted path first, and looked for by names that only it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import BadCheckpoint
from .pickles import Record

Array = NDArray[np.generic]
Weights = Mapping[str, Array]  # tensors by their dotted names

READABLE = (
    "Files that can be read: StyleGAN2 networks as NVIDIA's code pickles them (.pkl), rosinality's "
    "checkpoints and PTI's tuned generators (.pt), and state dictionaries of these."
)
_MAX_DEPTH = 8
_MAX_ENTRIES = 100_000
_MAX_FOUND = 8


@dataclass(frozen=True)
class Source:
    """The file being read: its name for messages, and what its user should be told in the end."""

    name: str
    notes: list[str] = field(default_factory=list)

    def refusal(self, sentence: str, *, hint: str = READABLE) -> BadCheckpoint:
        """The error "<file name> <sentence>"."""
        return BadCheckpoint(f"{self.name} {sentence}", hint=hint)

    def note(self, sentence: str) -> None:
        """Tell the user, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)


@dataclass(frozen=True)
class Contents:
    """All tensors and stored modules of a file by their dotted paths; a lone one's path is ""."""

    tensors: Weights
    records: Mapping[str, Record]


def contents_of(value: object) -> Contents:
    """What `value`, as read from a file, holds; nothing twice, and cycles do no harm."""
    tensors: dict[str, Array] = {}
    records: dict[str, Record] = {}
    for path, item in _items("", value, 0, set()):
        if isinstance(item, Record):
            records[path] = item
        else:
            tensors[path] = np.asarray(item)
        if len(tensors) + len(records) > _MAX_ENTRIES:
            break
    return Contents(tensors, records)


def _items(path: str, value: object, depth: int, seen: set[int]) -> Iterator[tuple[str, object]]:
    if isinstance(value, Record | np.ndarray | np.generic):
        yield path, value
    elif isinstance(value, Mapping) and depth < _MAX_DEPTH and id(value) not in seen:
        seen.add(id(value))
        for key, item in value.items():
            if isinstance(key, str):
                yield from _items(f"{path}.{key}" if path else key, item, depth + 1, seen)


def prefixes(tensors: Weights, *names: str) -> list[str]:
    """The paths below which all of `names` are found, moving averages first.

    `prefixes(t, "a.b", "c")` has "x." if there are "x.a.b" and "x.c", and "" for bare names.
    """
    last = names[0]
    found = [name[: -len(last)] for name in tensors if name.endswith(last)]
    whole = [p for p in found if not p or p.endswith(".")]
    complete = [p for p in whole if all(p + name in tensors for name in names)]
    return sorted(complete, key=lambda prefix: "ema" not in prefix.lower())[:_MAX_FOUND]


def below(tensors: Weights, prefix: str) -> dict[str, Array]:
    """The tensors below that path, under the rest of their names."""
    return {n[len(prefix) :]: array for n, array in tensors.items() if n.startswith(prefix)}
