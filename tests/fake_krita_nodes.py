"""The layers, masks and selections of the small Krita in memory; needs PyQt6."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from PyQt6 import QtCore

from tests.fake_krita_pixels import Area, Plane, converted, erased, over

if TYPE_CHECKING:
    from tests.fake_krita import Document


class Step:
    """One entry of the undo list; one of a node that stands nowhere undoes nothing."""

    def __init__(self, name: str, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        self.name, self.undo, self.redo = name, undo, redo


class Node:
    """A layer, a group or a mask; `document` is where it was made, or where it stands since."""

    def __init__(self, document: Document, name: str, kind: str) -> None:
        self.document = document
        self.space = ("A", "U8", "") if kind == "transparencymask" else document.space
        self.plane = Plane(self.space)
        self.frames: dict[int, Plane] = {}
        self.svgs: list[str] = []  # of a vector layer's shapes
        self._name, self._kind = name, kind
        self._uid = QtCore.QUuid.createUuid()
        self._parent: Node | None = None
        self._children: list[Node] = []
        self._visible, self._locked = True, False
        self._passes, self._mode, self._opacity = False, "normal", 255
        self._cloned = False  # and not asked for again where it stands

    def name(self) -> str:
        return self._name

    def setName(self, name: str) -> None:
        self._name = name

    def type(self) -> str:
        return self._kind

    def uniqueId(self) -> QtCore.QUuid:
        return self._uid

    def visible(self) -> bool:
        return self._visible

    def setVisible(self, on: bool) -> None:
        self._visible = on
        self.document.compose()

    def setPassThroughMode(self, on: bool) -> None:
        assert self._kind == "grouplayer", "only groups have that"
        self._passes = on

    def blendingMode(self) -> str:
        return self._mode

    def setBlendingMode(self, mode: str) -> None:
        """TRAP: Krita crashes where the node is one that `clone` has given."""
        assert not self._cloned
        self._mode = mode

    def opacity(self) -> int:
        return self._opacity

    def setOpacity(self, value: int) -> None:
        """TRAP: as `setBlendingMode`."""
        assert not self._cloned
        self._opacity = value

    def locked(self) -> bool:
        return self._locked

    def setLocked(self, on: bool) -> None:
        self._locked = on

    def colorModel(self) -> str:
        return self.space[0]

    def colorDepth(self) -> str:
        return self.space[1]

    def colorProfile(self) -> str:
        return self.space[2]

    def setColorSpace(self, model: str, depth: str, profile: str) -> None:
        """TRAP: a step of undo, also for a node that stands nowhere."""
        self.space = (model, depth, profile)
        self.plane = converted(self.plane, self.space)
        self.document.enter(Step("convert", lambda: None, lambda: None))

    def parentNode(self) -> Node | None:
        return self._parent

    def childNodes(self) -> list[Node]:
        for child in self._children:
            child._cloned = False
        return list(self._children)

    def shapes(self) -> list[_Shape]:
        return [_Shape(svg) for svg in self.svgs]

    def addChildNode(self, child: Node, above: Node | None) -> None:
        """TRAP: a step of undo, also where the parent stands nowhere."""
        place = self._children.index(above) + 1 if above else len(self._children)
        child._belong_to(self.document)

        def add() -> None:
            self._children.insert(place, child)
            child._parent = self

        add()
        self.document.enter(Step("add", child._leave, add))
        self.document.turn_later_to(child)
        self.document.compose()

    def remove(self) -> None:
        parent = self._parent
        assert parent is not None
        place = parent._children.index(self)

        def put_back() -> None:
            parent._children.insert(place, self)
            self._parent = parent

        self._leave()
        self.document.enter(Step("remove", put_back, self._leave))
        self.document.compose()

    def clone(self) -> Node:
        copy = Node(self.document, self._name, self._kind)
        copy.space, copy.plane = self.space, self.plane.copy()
        copy._visible, copy._locked = self._visible, self._locked
        copy._cloned = True
        copy._passes, copy._mode, copy._opacity = self._passes, self._mode, self._opacity
        for child in self._children:
            inner = child.clone()
            inner._parent = copy
            copy._children.append(inner)
        self.document.copies.append(copy)
        return copy

    def setSelection(self, selection: Selection) -> None:
        """TRAP: of a mask, which shares it from now on."""
        self.plane = selection.plane

    def setPixelData(self, data: bytes, x: int, y: int, width: int, height: int) -> None:
        """TRAP: no step of undo, nothing to be seen before a refresh, short buffers are taken."""
        self._plane_now().write(bytes(data), (x, y, width, height))

    def pixelData(self, x: int, y: int, width: int, height: int) -> QtCore.QByteArray:
        return QtCore.QByteArray(self._plane_now().read((x, y, width, height)))

    def projectionPixelData(self, x: int, y: int, width: int, height: int) -> QtCore.QByteArray:
        area = (x, y, width, height)
        root = self is self.document.rootNode()
        plane = self.document.shown if root else self.projection(area)
        return QtCore.QByteArray(plane.read(area))

    # Animation.

    def enableAnimation(self) -> None:
        """TRAP: Krita's dockers fail when they do not know the layer yet."""
        assert self.document.activeNode() is self, "Krita's timeline does not know this layer yet"
        self.frames = {0: self.plane}

    def hasKeyframeAtTime(self, time: int) -> bool:
        return time in self.frames

    def add_frame(self, time: int) -> None:
        if self.frames:
            self.frames[time] = Plane(self.space)

    # For the document.

    def descendants(self) -> Iterator[Node]:
        for child in self._children:
            yield child
            yield from child.descendants()

    def projection(self, area: Area) -> Plane:
        """What it shows, masks applied; of a group in the document's colours."""
        if self._kind == "grouplayer":
            return self._blended(area)
        alpha = [child.plane for child in self._children if child._visible]
        return self._plane_now().masked(alpha, area)

    def _blended(self, area: Area) -> Plane:
        return self._onto(Plane(self.document.space), area)

    def _onto(self, below: Plane, area: Area) -> Plane:
        for child in self._children:
            if not child._visible or child._kind == "transparencymask":
                continue
            if child._passes:
                below = child._onto(below, area)
                continue
            layer = converted(child.projection(area), self.document.space)
            below = (erased if child._mode == "erase" else over)(below, layer, area)
        return below

    def _plane_now(self) -> Plane:
        keys = [key for key in self.frames if key <= self.document.time]
        return self.frames[max(keys)] if keys else self.plane

    def _belong_to(self, document: Document) -> None:
        self.document = document
        for child in self._children:
            child._belong_to(document)

    def _leave(self) -> None:
        assert self._parent is not None
        self._parent._children.remove(self)
        self._parent = None
        self.document.lose(self)


class _Shape:
    def __init__(self, svg: str) -> None:
        self._svg = svg

    def toSvg(self, styles: bool, texts: bool) -> str:
        return self._svg


class Selection:
    """One byte for each pixel."""

    def __init__(self) -> None:
        self.plane = Plane(("A", "U8", ""))

    def select(self, x: int, y: int, width: int, height: int, value: int) -> None:
        self.plane.write(bytes([value]) * (width * height), (x, y, width, height))

    def pixelData(self, x: int, y: int, width: int, height: int) -> QtCore.QByteArray:
        return QtCore.QByteArray(self.plane.read((x, y, width, height)))

    def setPixelData(self, data: bytes, x: int, y: int, width: int, height: int) -> None:
        self.plane.write(bytes(data), (x, y, width, height))

    def x(self) -> int:
        return self.plane.bounds[0]

    def y(self) -> int:
        return self.plane.bounds[1]

    def width(self) -> int:
        return self.plane.bounds[2]

    def height(self) -> int:
        return self.plane.bounds[3]
