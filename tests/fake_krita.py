"""A small Krita in memory, as much of it as the plugin's `host/` uses; needs PyQt6.

It keeps the traps that the plugin is written around: steps of undo for nodes that stand nowhere, a
new node that becomes the active one only later, a projection that is stale until it is refreshed,
masks that share their selection. `tests.krita_plugin.fake_krita` makes it `krita`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from PyQt6 import QtCore

from tests.fake_krita_nodes import Node, Selection, Step
from tests.fake_krita_pixels import SRGB, Area, Plane


class Krita:
    """The program. `Krita.instance()` is the one that `restart` has made last."""

    _running: Krita | None = None

    def __init__(self) -> None:
        self.settings: dict[tuple[str, str], str] = {}
        self.floating: list[str] = []  # sentences over the canvas
        self._documents: list[Document] = []
        self._active: Document | None = None

    @classmethod
    def instance(cls) -> Krita:
        return cls._running or cls.restart()

    @classmethod
    def restart(cls) -> Krita:
        """A Krita in which nothing is open."""
        cls._running = cls()
        return cls._running

    def version(self) -> str:
        return "5.2.9"

    def readSetting(self, group: str, name: str, default: str) -> str:
        return self.settings.get((group, name), default)

    def writeSetting(self, group: str, name: str, value: str) -> None:
        self.settings[group, name] = value

    def documents(self) -> list[Document]:
        return list(self._documents)

    def activeDocument(self) -> Document | None:
        return self._active

    def activeWindow(self) -> Krita:
        return self

    def activeView(self) -> Krita:
        return self

    def showFloatingMessage(self, text: str, icon: object, time: int, priority: int) -> None:
        self.floating.append(text)

    def createDocument(
        self, width: int, height: int, name: str, model: str, depth: str, profile: str, ppi: float
    ) -> Document:
        document = Document(width, height, (model, depth, profile), ppi)
        self._documents.append(document)
        return document

    def action(self, name: str) -> _BlankFrame:
        assert name == "add_blank_frame"
        return _BlankFrame(self)

    # What the user does.

    def open(
        self,
        width: int = 40,
        height: int = 30,
        *,
        model: str = "RGBA",
        depth: str = "U8",
        profile: str = SRGB,
        ppi: float = 72.0,
    ) -> Document:
        """A new document with one painted layer, which is active."""
        document = self.createDocument(width, height, "", model, depth, profile, ppi)
        layer = document.createNode("Background", "paintlayer")
        layer.plane.fill_with_noise(width, height)
        document.rootNode().addChildNode(layer, None)
        document.settle()
        document.undo_list.clear()
        self._active = document
        return document

    def turn_to(self, document: Document | None) -> None:
        self._active = document

    def forget(self, document: Document) -> None:
        self._documents.remove(document)
        if self._active is document:
            self._active = None


class _BlankFrame:
    """Krita's action, which takes effect on the active layer some time later."""

    def __init__(self, krita: Krita) -> None:
        self._krita = krita

    def trigger(self) -> None:
        document = self._krita.activeDocument()
        if document is not None:
            layer, time = document.activeNode(), document.time
            document.do_later(lambda: layer.add_frame(time))


class Document:
    """A document and its undo list; `settle` lets pass the time that Krita takes for things."""

    def __init__(self, width: int, height: int, space: tuple[str, str, str], ppi: float) -> None:
        self.space = space
        self.undo_list: list[Step] = []
        self.undone: list[Step] = []
        self.time = 0
        self.refreshed = 0  # times that the whole was composed anew
        self._size, self._ppi = (width, height), ppi
        self._root: Node | None = Node(self, "root", "grouplayer")
        self._active: Node | None = None
        self._selection: Selection | None = None
        self._annotations: dict[str, bytes] = {}
        self._later: list[Callable[[], None]] = []
        self._modified = False
        self._last_frame = 0
        self.copies: list[Node] = []  # clones of nodes of this document
        self.shown = Plane(space)
        self.compose()

    def width(self) -> int:
        return self._size[0] if self._root else 0

    def height(self) -> int:
        return self._size[1] if self._root else 0

    def xRes(self) -> float:
        return self._ppi

    def colorModel(self) -> str:
        return self.space[0]

    def colorDepth(self) -> str:
        return self.space[1]

    def colorProfile(self) -> str:
        return self.space[2]

    def rootNode(self) -> Node | None:
        return self._root

    def activeNode(self) -> Node | None:
        return self._active

    def setActiveNode(self, node: Node) -> None:
        self._active = node

    def nodeByUniqueID(self, uid: QtCore.QUuid) -> Node | None:
        return next((node for node in self.nodes() if node.uniqueId() == uid), None)

    def createNode(self, name: str, kind: str) -> Node:
        return Node(self, name, kind)

    def createGroupLayer(self, name: str) -> Node:
        return Node(self, name, "grouplayer")

    def createTransparencyMask(self, name: str) -> Node:
        return Node(self, name, "transparencymask")

    def refreshProjection(self) -> None:
        self.refreshed += 1
        self.compose()

    def waitForDone(self) -> None:
        pass

    def setBatchmode(self, on: bool) -> None:
        pass

    def setModified(self, on: bool) -> None:
        self._modified = on

    def modified(self) -> bool:
        return self._modified

    def selection(self) -> Selection | None:
        return self._selection

    def setSelection(self, selection: Selection | None) -> None:
        self._selection = selection

    def annotationTypes(self) -> list[str]:
        return list(self._annotations)

    def annotation(self, kind: str) -> QtCore.QByteArray:
        return QtCore.QByteArray(self._annotations.get(kind, b""))

    def setAnnotation(self, kind: str, title: str, data: QtCore.QByteArray) -> None:
        self._annotations[kind] = bytes(data)

    def setCurrentTime(self, time: int) -> None:
        self.time = time

    def fullClipRangeEndTime(self) -> int:
        return self._last_frame

    def setFullClipRangeEndTime(self, time: int) -> None:
        self._last_frame = time

    def close(self) -> None:
        if any(copy.document is self and copy.parentNode() is None for copy in self.copies):
            raise AssertionError("Krita crashes: a copy outlives the document it was made in")
        Krita.instance().forget(self)
        self._root = self._active = None

    # What the user does, and what time does.

    def paint(self, node: Node, value: int, area: Area = (0, 0, 4, 4)) -> None:
        """An opaque stroke of one grey."""
        before, after = node.plane.copy(), node.plane.copy()
        after.paint(value, area)

        def show(plane: Plane) -> None:
            node.plane = plane
            self.compose()

        show(after)
        self.enter(Step("stroke", lambda: show(before), lambda: show(after)))

    def select(self, *area: int, value: int = 255) -> None:
        self._selection = Selection()
        self._selection.select(*area, value)

    def undo(self) -> None:
        step = self.undo_list.pop()
        step.undo()
        self.undone.append(step)
        self.compose()

    def redo(self) -> None:
        step = self.undone.pop()
        step.redo()
        self.undo_list.append(step)
        self.compose()

    def settle(self) -> None:
        """What Krita does some time after it was asked for."""
        waiting, self._later = self._later, []
        for action in waiting:
            action()

    @property
    def steps(self) -> list[str]:
        """The names of what Ctrl+Z would undo, oldest first."""
        return [step.name for step in self.undo_list]

    def tree(self, node: Node | None = None) -> dict[str, Any]:
        """The layers' names, in order from the bottom, without masks."""
        parent = node or self._root
        children = parent.childNodes() if parent else []
        layers = [child for child in children if child.type() != "transparencymask"]
        return {child.name(): self.tree(child) for child in layers}

    def named(self, name: str) -> Node:
        found = [node for node in self.nodes() if node.name() == name]
        assert len(found) == 1, f"{len(found)} nodes are called {name!r}"
        return found[0]

    def seen(self, area: Area | None = None) -> bytes:
        """What the screen shows, in the document's own pixels."""
        return self.shown.read(area or (0, 0, *self._size))

    # For the nodes.

    def nodes(self) -> Iterator[Node]:
        return self._root.descendants() if self._root else iter(())

    def enter(self, step: Step) -> None:
        self.undo_list.append(step)
        self.undone.clear()

    def do_later(self, action: Callable[[], None]) -> None:
        self._later.append(action)

    def turn_later_to(self, node: Node) -> None:
        self.do_later(lambda: self.setActiveNode(node) if node in self.nodes() else None)

    def lose(self, node: Node) -> None:
        """A node is out of the tree; another one becomes the active one."""
        if self._active is not None and self._active not in self.nodes():
            left = [other for other in self.nodes() if other.type() != "transparencymask"]
            self._active = left[-1] if left else None

    def compose(self) -> None:
        if self._root is not None:
            self.shown = self._root.projection((0, 0, *self._size))


__all__ = ["Document", "Krita", "Node", "Selection"]
