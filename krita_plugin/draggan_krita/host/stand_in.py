"""Keeps a layer hidden for as long as a group of ours is shown in its place; no pixels.

Krita's undo knows nothing of what a plugin hides. So the layer is shown again when the group has
gone by the user's undo, or is hidden, and hidden when the group is back.
"""

from __future__ import annotations

from typing import Any, Dict

from . import layers


class StandIns:
    """The groups of one document that stand in for layers."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._layers: Dict[str, str] = {}  # id of a group -> of the layer that it stands in for
        self._shown: Dict[str, bool] = {}  # whether a group was to be seen at the last look

    def expect(self, group: str, layer: str) -> None:
        """From now on the group, if it holds a copy of the layer, goes before it."""
        if layer and group not in self._layers and layers.stands_in(self._find(group)):
            self._layers[group] = layer
            original = self._find(layer)
            self._shown[group] = original is not None and not original.visible()

    def settle(self) -> None:
        """To be called now and then; what the user shows or hides otherwise stays so."""
        for group, layer in self._layers.items():
            shown = self._is_shown(group)
            if shown == self._shown[group]:
                continue
            self._shown[group] = shown
            original = self._find(layer)
            if original is not None:
                original.setVisible(not shown)
                self._document.refreshProjection()

    def _is_shown(self, group: str) -> bool:
        node = self._find(group)
        return node is not None and bool(node.visible())

    def _find(self, uid: str) -> Any:
        return layers.find(self._document, uid)
