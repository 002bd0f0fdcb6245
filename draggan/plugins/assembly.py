"""Puts a plugin together from its sources, the wire and the version; standard library only.

What is installed, what is packed and what the tests load all come from here, so that what is
tested is what ships.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from draggan import __version__
from draggan.errors import BadInput, CannotWrite
from draggan.plugins.manual import MANUAL_NAME, PICTURES_NAME, with_pictures

WIRE = "draggan_wire"
VERSION_NAME = "VERSION"

Lay = Callable[[Path, Path], object]

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parent.parent


@dataclass(frozen=True)
class Beside:
    """A file next to the module in the sources: the folder that it goes into, and how to know it.

    `folder` is relative to what the editor reads ("": where the module is). A file of that name
    is ours if `mark` stands in it.
    """

    name: str
    folder: str
    mark: str


@dataclass(frozen=True)
class Plugin:
    """How one editor wants its plugin.

    `home` is where modules belong in the editor's own folder. In the folder `module` lies the
    Python package ("": it is the module itself), which gets the wire. The editor starts `program`,
    a file of the module, as a program of its own ("": it imports the module).
    """

    host: str
    title: str
    sources: str
    home: str
    module: str
    unpacking: str  # what its user does with the zip
    package: str = ""
    program: str = ""
    beside: tuple[Beside, ...] = ()


PLUGINS: Mapping[str, Plugin] = {
    "krita": Plugin(
        host="krita",
        title="Krita",
        sources="krita_plugin",
        home="pykrita",
        module="draggan_krita",
        unpacking="In Krita: Tools > Scripts > Import Python Plugin from File, then restart Krita.",
        beside=(
            Beside("draggan_krita.desktop", "", "X-KDE-Library=draggan_krita"),
            # Krita finds an .action inside of the module too, and complains of what it has twice.
            Beside("draggan_krita.action", "actions", 'name="draggan_'),
        ),
    ),
    "gimp": Plugin(
        host="gimp",
        title="GIMP",
        sources="gimp_plugin",
        home="plug-ins",
        module="draggan_gimp",
        unpacking="Unpack it into a folder that GIMP shows under Edit > Preferences > Folders > "
        "Plug-ins, then restart GIMP.",
        package="draggan_studio",
        program="draggan_gimp.py",
    ),
}


def assemble(host: str, dest: Path, *, link: bool = False) -> tuple[Path, ...]:
    """Lays the plugin for `host` into the folder `dest`, which is made where it is missing.

    For Krita: `draggan_krita.desktop`, `draggan_krita/` (with `draggan_wire/` and `VERSION`) and
    `actions/draggan_krita.action`. For GIMP: `draggan_gimp/` with `draggan_gimp.py`, `VERSION` and
    the package `draggan_studio/`, and `draggan_wire/` in that. With `link`, what lies in the
    plugin's folder are links to the sources, but for the program, and for the manual, which has its
    pictures inside. Returns what was laid, relative to `dest`, sorted. Raises BadInput for an
    unknown host and CannotWrite, also where a plugin lies in `dest` already.
    """
    plugin = plugin_for(host)
    sources = _sources(plugin)
    lay: Lay = _link if link else _copy
    module = dest / plugin.module
    try:
        module.parent.mkdir(parents=True, exist_ok=True)
        _fill(plugin, sources / plugin.module, module, lay)
        lay(_wire(), module / plugin.package / WIRE)
        lay(_licence(), module / "LICENSE")
        _write(module / VERSION_NAME, f"{__version__}\n")
        for beside in plugin.beside:
            (dest / beside.folder).mkdir(exist_ok=True)
            lay(sources / beside.name, dest / beside.folder / beside.name)
    except OSError as error:
        raise CannotWrite(
            f"The plugin cannot be put together in {dest}: {error.strerror or error}.",
            hint="Name an empty folder that you may write to.",
        ) from error
    return tuple(sorted(path.relative_to(dest) for path in _laid(plugin, dest)))


def plugin_for(host: str) -> Plugin:
    """The plugin for an editor's name; raises BadInput."""
    if host not in PLUGINS:
        raise BadInput(
            f"There is no plugin for {host[:60]!r}.",
            hint=f"There is one for: {', '.join(PLUGINS)}.",
        )
    return PLUGINS[host]


def _sources(plugin: Plugin) -> Path:
    """The sources in an installed draggan, or in the checkout that it runs from."""
    for folder in (_HERE / plugin.sources, _CHECKOUT / plugin.sources):
        if (folder / plugin.module / plugin.package / "__init__.py").is_file():
            return folder
    raise CannotWrite(
        f"This installation of draggan lacks the sources of the {plugin.title} plugin.",
        hint="Install it anew: pip install --force-reinstall --no-deps draggan-studio",
    )


def _wire() -> Path:
    """The checkout's own, where draggan runs from one; else the one that is installed with it."""
    sources = _CHECKOUT / "daemon" / WIRE
    if sources.is_dir():
        return sources
    spec = importlib.util.find_spec(WIRE)
    assert spec is not None and spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations))).resolve()


def _licence() -> Path:
    return next(p for p in (_HERE / "LICENSE", _CHECKOUT / "LICENSE") if p.is_file())


def _fill(plugin: Plugin, source: Path, target: Path, lay: Lay) -> None:
    """Makes a folder of the plugin's own, to which more is added than its sources hold."""
    target.mkdir()
    for entry in _entries(source):
        place = target / entry.name
        if entry.name == MANUAL_NAME:
            _write(place, with_pictures(entry))
        elif entry.name == plugin.package:
            _fill(plugin, entry, place, lay)
        elif entry.name == plugin.program:
            # Never a link: Python looks for a program's modules beside the file that it leads to.
            _copy(entry, place)
            place.chmod(0o755)
        elif entry.name != PICTURES_NAME:
            lay(entry, place)


def _entries(folder: Path) -> Iterator[Path]:
    """What ships of a folder: nothing compiled, nothing hidden."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__pycache__" or path.suffix == ".pyc":
            continue
        yield path


def _copy(source: Path, target: Path) -> None:
    if not source.is_dir():
        shutil.copyfile(source, target)
        return
    target.mkdir()
    for entry in _entries(source):
        _copy(entry, target / entry.name)


def _write(target: Path, text: str) -> None:
    target.write_text(text, encoding="utf-8", newline="\n")


def _link(source: Path, target: Path) -> None:
    target.symlink_to(source, target_is_directory=source.is_dir())


def _laid(plugin: Plugin, dest: Path) -> Iterator[Path]:
    yield from (dest / beside.folder / beside.name for beside in plugin.beside)
    yield from (path for path in (dest / plugin.module).rglob("*") if not path.is_dir())
