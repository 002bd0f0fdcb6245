"""Makes the plugin known to Krita: its docker, its actions, its end."""

from __future__ import annotations

from typing import Any, Callable, Tuple

from krita import DockWidget, DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from ..qt import QT, QtCore, QtWidgets
from ..studio import Studio
from ..widgets.docker import Panel
from .application import read_setting, write_setting

DOCKER = "draggan_docker"
TITLE = "DragGAN"
MENU = "tools/scripts"
ROOMY = "PresetDocker"  # Krita's brush presets
TALL = 480  # logical pixels: down to the timeline
PLACED = "placed"  # the setting that tells that the docker has been given its place


def register(version: str) -> None:
    """Adds the extension and the docker; to be called once, while Krita starts."""
    krita = Krita.instance()
    studio = Studio(version=version)
    krita.addExtension(_extension(studio)(krita))
    krita.addDockWidgetFactory(DockWidgetFactory(DOCKER, _right(), _docker(studio)))


def _right() -> Any:
    base = DockWidgetFactoryBase
    return base.DockPosition.DockRight if QT == 6 else base.DockRight


def _docker(studio: Studio) -> type:
    class DragganDocker(DockWidget):
        """One for each of Krita's windows."""

        def __init__(self) -> None:
            super().__init__()
            self.setWindowTitle(TITLE)
            self.setWidget(Panel(studio, locale=QtCore.QLocale().name()))

        def showEvent(self, event: Any) -> None:
            studio.wake()
            super().showEvent(event)
            if not read_setting(PLACED):
                QtCore.QTimer.singleShot(200, lambda: _take_place(self))

        def canvasChanged(self, canvas: Any) -> None:
            """Krita demands it; the studio looks for itself."""

    return DragganDocker


def _take_place(docker: Any) -> None:
    """The first time: among the brush presets, where there is room; the user may move it later."""
    window = docker.parentWidget()
    if not docker.isVisible() or not isinstance(window, QtWidgets.QMainWindow):
        return  # Krita shows every docker for a moment while it starts
    write_setting(PLACED, "yes")
    presets = window.findChild(QtWidgets.QDockWidget, ROOMY)
    if presets is not None and presets.isVisible() and not docker.isFloating():
        window.tabifyDockWidget(presets, docker)
        docker.show()
        docker.raise_()
        height = min(TALL, window.height() // 2)
        window.resizeDocks([docker], [height], QtCore.Qt.Orientation.Vertical)


def _extension(studio: Studio) -> type:
    class DragganExtension(Extension):
        """The actions, for menus and shortcuts."""

        def setup(self) -> None:
            QtWidgets.QApplication.instance().aboutToQuit.connect(studio.end)

        def createActions(self, window: Any) -> None:
            tr = studio.words.tr
            place = window.createAction("draggan_place", tr("DragGAN: Place handles"), MENU)
            place.setCheckable(True)
            place.toggled.connect(lambda on: _place(studio, on))
            studio.on_change(lambda: _check(place, studio.placing))
            for name, text, verb in _verbs(studio):
                action = window.createAction(name, text, MENU)
                action.triggered.connect(_plain(verb))

    return DragganExtension


def _verbs(studio: Studio) -> Tuple[Tuple[str, str, Callable[[], object]], ...]:
    tr = studio.words.tr
    return (
        ("draggan_drag", tr("DragGAN: Drag / stop"), studio.drag_or_stop),
        ("draggan_step_back", tr("DragGAN: Step back"), lambda: studio.step_by(-1)),
        ("draggan_step_forward", tr("DragGAN: Step forward"), lambda: studio.step_by(1)),
        ("draggan_keep_step", tr("DragGAN: Keep this step"), studio.keep_step),
        ("draggan_delete_handle", tr("DragGAN: Delete handle"), studio.delete_handle),
        ("draggan_clear_handles", tr("DragGAN: Delete all handles"), studio.clear_handles),
        ("draggan_show_docker", tr("Show the DragGAN docker"), _show_docker),
    )


def _plain(verb: Callable[[], object]) -> Callable[..., None]:
    """Takes whatever the signal brings along, and passes none of it on."""
    return lambda *_: (verb(), None)[1]


def _place(studio: Studio, on: bool) -> None:
    studio.wake()
    studio.place(on)


def _check(action: Any, on: bool) -> None:
    """Shows whether handles are being placed, without asking for it again."""
    try:
        if action.isChecked() != on:
            blocked = action.blockSignals(True)
            action.setChecked(on)
            action.blockSignals(blocked)
    except RuntimeError:
        pass  # its window is closed


def _show_docker() -> None:
    for docker in Krita.instance().dockers():
        if docker.objectName() == DOCKER:
            docker.setVisible(True)
            docker.raise_()
            QtCore.QTimer.singleShot(0, docker.setFocus)
