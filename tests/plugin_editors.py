"""The editors that plugins are installed for, as the tests of installing and packing see them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class PluginEditor:
    """Where one editor's plugin comes from and goes to, relative to the user's home folder.

    `reads` is the folder that the editor has made and reads; `module`, relative to it, is the
    plugin's own, and `package` the folder in that with the wire. `program` is what the editor runs.
    """

    host: str
    title: str
    sources: Path
    reads: str
    module: str
    package: str
    program: str
    other_files: tuple[str, ...]  # of the plugin, outside of its module
    flatpak_reads: str

    def __str__(self) -> str:
        return self.host

    @property
    def moves(self) -> int:
        """How many things an installation in place of an older one moves."""
        return 2 * (1 + len(self.other_files))


KRITA = PluginEditor(
    host="krita",
    title="Krita",
    sources=ROOT / "krita_plugin",
    reads=".local/share/krita",
    module="pykrita/draggan_krita",
    package="",
    program="",
    other_files=("pykrita/draggan_krita.desktop", "actions/draggan_krita.action"),
    flatpak_reads=".var/app/org.kde.krita/data/krita",
)
GIMP = PluginEditor(
    host="gimp",
    title="GIMP",
    sources=ROOT / "gimp_plugin",
    reads=".config/GIMP/3.0",
    module="plug-ins/draggan_gimp",
    package="draggan_studio",
    program="draggan_gimp.py",
    other_files=(),
    flatpak_reads=".var/app/org.gimp.GIMP/config/GIMP/3.0",
)
EDITORS = (KRITA, GIMP)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
