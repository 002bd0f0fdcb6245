"""Packs a plugin as a zip for its editor, the same bytes every time; standard library only.

Krita's importer looks for a `.desktop` file, for a folder *entry* of the module's name with an
`__init__.py` in it, and for an `.action` file of the module's name. GIMP has no importer: whatever
unpacks the zip has to make its program executable.
"""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from draggan.errors import CannotWrite
from draggan.plugins.assembly import Plugin, assemble, plugin_for
from draggan.writing import replacing

_FIRST_DAY = datetime(1980, 1, 1)  # of the zip format
_SPAN = 20 * 365 * 24 * 3600  # seconds
_UNIX, _FILE, _PROGRAM, _FOLDER = 3, 0o100644, 0o100755, 0o040755


def pack(host: str, path: Path) -> int:
    """Writes the zip to `path`, replacing only an older one; returns the number of files in it.

    Raises BadInput for an unknown host and CannotWrite.
    """
    plugin = plugin_for(host)
    if path.exists() and not _holds(path, plugin):
        raise CannotWrite(
            f"{path} is there already, and is no zip of this plugin.",
            hint="Name another file with --out.",
        )
    with tempfile.TemporaryDirectory(prefix="draggan-") as folder:
        root = Path(folder) / host
        files = assemble(host, root)
        with replacing(path) as file:
            _write(file, plugin, root, files)
    return len(files)


def _holds(path: Path, plugin: Plugin) -> bool:
    """Whether it is an older zip of the plugin; a painting in Krita's format is a zip as well."""
    try:
        with zipfile.ZipFile(path) as archive:
            return f"{plugin.module}/" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def _write(file: BinaryIO, plugin: Plugin, root: Path, files: tuple[Path, ...]) -> None:
    folders = {parent for name in files for parent in name.parents if parent != Path(".")}
    program = Path(plugin.module, plugin.program)
    when = _when(root, files)
    with zipfile.ZipFile(file, "w") as archive:
        for name in sorted((*folders, *files)):
            if name in folders:
                archive.writestr(_entry(f"{name.as_posix()}/", _FOLDER, when), b"")
                continue
            mode = _PROGRAM if name == program else _FILE
            archive.writestr(_entry(name.as_posix(), mode, when), (root / name).read_bytes())


def _when(root: Path, files: tuple[Path, ...]) -> datetime:
    """A time that stands for what is in the files: no clock, yet another one for another plugin.

    GIMP asks a plug-in anew what it offers only if its program's time is not the one it knows.
    """
    digest = 0
    for name in files:
        digest = zlib.crc32((root / name).read_bytes(), digest)
    return _FIRST_DAY + timedelta(seconds=digest % _SPAN // 2 * 2)  # zip counts every other second


def _entry(name: str, mode: int, when: datetime) -> zipfile.ZipInfo:
    """Uncompressed, as compressed bytes differ from one zlib to the next."""
    entry = zipfile.ZipInfo(name, date_time=when.timetuple()[:6])
    entry.create_system = _UNIX
    entry.external_attr = mode << 16 | (0x10 if mode == _FOLDER else 0)
    return entry
