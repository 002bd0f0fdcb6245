"""What the studio says at one moment, so that widgets compare before they touch their toolkit.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Tuple

from ..messages import ModelInfo
from .connection import ConnectionView
from .edit_view import EditView
from .settings import Settings


class Studio(Protocol):
    """What a studio shows."""

    settings: Settings
    edit: EditView

    @property
    def connection(self) -> ConnectionView: ...

    @property
    def models(self) -> Tuple[ModelInfo, ...]: ...

    @property
    def placing(self) -> bool: ...

    @property
    def busy(self) -> bool: ...


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
