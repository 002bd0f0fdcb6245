"""Which of the theme's pictures stands for what; Gtk only.

GIMP's own where its icon theme is in use, else what every icon theme has.
"""

from __future__ import annotations

from typing import Mapping, Tuple

from gi.repository import Gtk

_ICONS: Mapping[str, Tuple[str, ...]] = {
    "handles": ("gimp-tool-move-symbolic", "find-location-symbolic"),
    "paint": ("gimp-tool-paintbrush-symbolic", "document-edit-symbolic"),
    "erase": ("gimp-tool-eraser-symbolic", "edit-clear-symbolic"),
    "clear paint": ("edit-clear-symbolic",),
    "play": ("media-playback-start-symbolic",),
    "stop": ("media-playback-stop-symbolic", "process-stop-symbolic"),
    "back": ("go-previous-symbolic",),
    "forward": ("go-next-symbolic",),
    "delete": ("window-close-symbolic", "edit-delete-symbolic"),
    "clear": ("user-trash-symbolic", "edit-delete-symbolic"),
    "path": ("gimp-tool-path-symbolic", "insert-link-symbolic"),
    "keep": ("document-save-symbolic",),
    "again": ("view-refresh-symbolic",),
    "closed": ("pan-end-symbolic", "go-next-symbolic"),
    "open": ("pan-down-symbolic", "go-down-symbolic"),
}


def icon(name: str) -> Gtk.Image:
    """The picture of that name, in the text's own colour and as sharp as the screen."""
    return Gtk.Image.new_from_icon_name(_found(name), Gtk.IconSize.BUTTON)


def set_icon(image: Gtk.Image, name: str) -> None:
    found = _found(name)
    if image.get_icon_name()[0] != found:
        image.set_from_icon_name(found, Gtk.IconSize.BUTTON)


def _found(name: str) -> str:
    theme = Gtk.IconTheme.get_default()
    names = _ICONS[name]
    return next((each for each in names if theme.has_icon(each)), names[-1])
