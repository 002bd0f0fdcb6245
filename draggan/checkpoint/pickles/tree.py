"""The last look at what was read: only plain values, no cycles, small enough to walk.

A few shared lists can stand for billions of values: what counts is the tree that somebody who
follows every reference would walk. Imports numpy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from .reading import TENSOR_BYTES
from .refusal import Refused, damaged, foreign, too_large
from .values import Namespace, Record

DEEPEST = 100
LARGEST = 1_000_000  # values in the tree; a training snapshot has some 10 000

_LEAVES = (str, bytes, int, float, type(None))


@dataclass(frozen=True)
class _Extent:
    """Of a value with everything below it, counted as often as it is met."""

    values: int
    array_bytes: int
    depth: int
    text_keys: bool = True  # of the value itself, where it is a dict


def check_tree(value: object) -> None:
    """Refused unless `value` is a tree of the kinds of values that `read_pickles` promises."""
    done: dict[int, _Extent] = {}
    begun: set[int] = set()
    waiting = [value]
    while waiting:
        node = waiting[-1]
        if id(node) in done:
            waiting.pop()
        elif id(node) in begun:
            waiting.pop()
            done[id(node)] = _extent(node, [done[id(child)] for child in _children(node)])
        else:
            begun.add(id(node))
            missing = [child for child in _children(node) if id(child) not in done]
            if any(id(child) in begun for child in missing):
                raise damaged("something that contains itself")
            if len(begun) - len(done) > DEEPEST:
                raise _too_much()
            waiting.extend(missing)


def _contents(node: object) -> Collection:
    if isinstance(node, (Record, Namespace)):
        return (_state(node),)
    if type(node) is dict:
        return node.values()
    if type(node) in (list, tuple):
        return cast(Collection, node)
    if type(node) in (set, np.ndarray) or isinstance(node, _LEAVES):
        return ()
    raise foreign(_loose(node))


def _state(node: Record | Namespace) -> Mapping[str, object]:
    return node.state if isinstance(node, Record) else node.values


def _children(node: object) -> list:
    return [child for child in _contents(node) if not isinstance(child, _LEAVES)]


def _loose(node: object) -> str:
    if isinstance(node, memoryview):
        return "raw bytes that are part of no tensor"
    return "a loose part of another value"


def _extent(node: object, children: list[_Extent]) -> _Extent:
    if isinstance(node, (Record, Namespace)) and not children[0].text_keys:
        raise damaged("the state of a module")
    values = 1 + len(_contents(node)) + sum(child.values for child in children)
    array_bytes = node.nbytes if isinstance(node, np.ndarray) else 0
    array_bytes += sum(child.array_bytes for child in children)
    depth = 1 + max((child.depth for child in children), default=0)
    if values > LARGEST or array_bytes > TENSOR_BYTES or depth > DEEPEST:
        raise _too_much()
    text_keys = type(node) is not dict or all(type(key) is str for key in node)
    return _Extent(values, array_bytes, depth, text_keys)


def _too_much() -> Refused:
    return too_large("values nested too deeply or repeated too often")
