"""The last look at what was read: only plain values, no cycles, small enough to walk.

A few shared lists can stand for billions of values: what counts is the tree that somebody who
follows every reference would walk. Imports numpy.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np

from .reading import TENSOR_BYTES
from .refusal import Refused, damaged, foreign, too_large
from .values import Namespace, Record

DEEPEST = 100
LARGEST = 1_000_000  # values in the tree; a training snapshot has some 30 000

_LEAVES = (str, bytes, int, float, type(None))
_Extent = tuple[int, int, int]  # values, bytes of arrays, depth


def check_tree(value: object) -> None:
    """Refused unless `value` is a tree of the kinds of values that `read_pickles` promises."""
    done: dict[int, _Extent] = {}
    begun: set[int] = set()
    waiting = [value]
    while waiting:
        node = waiting[-1]
        if id(node) in done:
            waiting.pop()
            continue
        children = _children(node)
        if id(node) not in begun:
            begun.add(id(node))
            if len(begun) - len(done) > DEEPEST:
                raise _too_much()
            missing = [child for child in children if id(child) not in done]
            if any(id(child) in begun for child in missing):
                raise damaged("something that contains itself")
            waiting.extend(missing)
            continue
        waiting.pop()
        done[id(node)] = _extent(node, [done[id(child)] for child in children])


def _contents(node: object) -> Iterable:
    if isinstance(node, (Record, Namespace)):
        node = node.state if isinstance(node, Record) else node.values
        if type(node) is not dict or not all(type(key) is str for key in node):
            raise damaged("the state of a module")
    if type(node) is dict:
        return node.values()
    if type(node) in (list, tuple):
        return cast(Iterable, node)
    if type(node) in (set, np.ndarray) or isinstance(node, _LEAVES):
        return ()
    raise foreign(_loose(node))


def _children(node: object) -> list:
    return [child for child in _contents(node) if not isinstance(child, _LEAVES)]


def _loose(node: object) -> str:
    if isinstance(node, memoryview):
        return "raw bytes that are part of no tensor"
    return "a loose part of another value"


def _extent(node: object, children: Iterable[_Extent]) -> _Extent:
    count, size, depth = 1 + sum(1 for _ in _contents(node)), 0, 0
    if isinstance(node, np.ndarray):
        size = node.nbytes
    for child_count, child_size, child_depth in children:
        count, size, depth = count + child_count, size + child_size, max(depth, child_depth)
    if count > LARGEST or size > TENSOR_BYTES or depth >= DEEPEST:
        raise _too_much()
    return count, size, depth + 1


def _too_much() -> Refused:
    return too_large("values nested too deeply or repeated too often")
