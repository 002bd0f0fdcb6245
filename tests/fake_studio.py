"""A studio without Krita and without a daemon: what a docker shows, and a list of what it asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from draggan_wire.messages import ModelInfo

from tests.krita_plugin import load

MODELS = (
    ModelInfo(
        id="critters",
        title="Critters",
        width=256,
        height=256,
        licence="Apache-2.0",
        summary="Small round animals, seen from the front. Made for trying things out.",
    ),
    ModelInfo(id="lions", title="Lions", width=512, height=512, licence="CC BY-NC 4.0"),
)


@dataclass(frozen=True)
class Connection:
    state: str = "connected"
    sentence: str = "Connected to draggand 0.4 (CPU, 8 threads)."
    hint: str = ""
    can_start: bool = False


@dataclass(frozen=True)
class Edit:
    state: str = "none"
    message: str = ""
    hint: str = ""
    fraction: float | None = None
    handles: tuple[str, ...] = ()
    selected: int | None = None
    step: int = 0
    last: int = 0
    ms_per_step: float | None = None
    fit: str = ""
    likeness: object = None
    can_reopen: bool = False
    notes: tuple[str, ...] = ()


@dataclass
class FakeStudio:
    """`show(edit=...)` changes what the docker sees; `asked` is what the docker has asked for."""

    connection: Connection = Connection()
    models: tuple[ModelInfo, ...] = MODELS
    edit: Edit = Edit()
    placing: bool = False
    settings: Any = None
    busy: bool = False
    thumbnails: dict[int, Any] = field(default_factory=dict)
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = self.settings or load("draggan_wire.workbench.settings").Settings()

    def show(self, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(self, name, value)
        for listener in self.listeners:
            listener()

    def show_edit(self, **changes: Any) -> None:
        self.show(edit=replace(self.edit, **changes))

    def on_change(self, callback: Callable[[], None]) -> None:
        self.listeners.append(callback)

    def change(self, settings: Any) -> None:
        self.asked.append(("change", settings))
        self.show(settings=settings)

    def thumbnail(self, step: int) -> Any:
        return self.thumbnails.get(step)

    def thumbnail_steps(self) -> tuple[int, ...]:
        return tuple(sorted(self.thumbnails))

    def report(self) -> str:
        return "DragGAN for Krita"

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in _REQUESTS:
            raise AttributeError(name)
        return lambda *values: self.asked.append((name, *values))


_REQUESTS = (
    *("place", "drag_or_stop", "step_by", "look", "keep_step", "clear_handles"),
    *("delete_handle", "take_vector_lines", "reopen", "export_animation"),
    *("start_daemon", "reconnect"),
)
