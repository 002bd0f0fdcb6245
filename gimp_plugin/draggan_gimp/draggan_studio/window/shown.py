"""What the panel shows at one moment: a snapshot, and what only this dialog has; no Gtk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Tuple

from ..draggan_wire.workbench.snapshot import Snapshot

if TYPE_CHECKING:
    from ..studio import GimpStudio


@dataclass(frozen=True)
class Shown:
    """One reading of the studio; `brush` is a radius in pixels of the image."""

    now: Snapshot
    tool: str
    brush: float
    painted: bool
    kept: Tuple[int, ...]
    thumbnails: Tuple[int, ...]
    likeness: Any  # a picture of the toolkit's, or None

    @staticmethod
    def of(studio: GimpStudio) -> Shown:
        return Shown(
            now=Snapshot.of(studio),
            tool=studio.tool,
            brush=studio.brush,
            painted=studio.painted,
            kept=tuple(studio.kept),
            thumbnails=tuple(studio.thumbnail_steps()),
            likeness=studio.likeness,
        )
