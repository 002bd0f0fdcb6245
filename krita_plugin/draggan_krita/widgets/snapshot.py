"""What the studio says at one moment, so that widgets compare before they touch Qt; no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Tuple

from ..draggan_wire.messages import ModelInfo
from ..settings import Settings

if TYPE_CHECKING:
    from ..studio import ConnectionView, EditView, Studio


@dataclass(frozen=True)
class Snapshot:
    """One reading of the studio; the fields are the studio's own."""

    connection: ConnectionView
    models: Tuple[ModelInfo, ...]
    edit: EditView
    placing: bool
    settings: Settings
    busy: bool

    @staticmethod
    def of(studio: Studio) -> Snapshot:
        return Snapshot(
            connection=studio.connection,
            models=tuple(studio.models),
            edit=studio.edit,
            placing=studio.placing,
            settings=studio.settings,
            busy=studio.busy,
        )

    @property
    def document(self) -> bool:
        """Whether there is a document to work on."""
        return self.edit.state != "none"

    @property
    def connected(self) -> bool:
        return self.connection.state == "connected"
