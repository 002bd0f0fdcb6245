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

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parent.parent


@dataclass(frozen=True)
class Plugin:
    """How one editor wants its plugin: the folder with the sources, and the module's name.

    `beside` is what lies next to the module in the sources, and the folder for each: "" is the
    module's own.
    """

    host: str
    title: str
    sources: str
    module: str
    beside: Mapping[str, str]


PLUGINS: Mapping[str, Plugin] = {
    "krita": Plugin(
        host="krita",
        title="Krita",
        sources="krita_plugin",
        module="draggan_krita",
        # Krita also finds an .action inside of the module, and complains of what it knows twice.
        beside={"draggan_krita.desktop": "", "draggan_krita.action": "actions"},
    ),
}


def assemble(host: str, dest: Path, *, link: bool = False) -> tuple[Path, ...]:
    """Lays the plugin for `host` into the folder `dest`, which is made where it is missing.

    For Krita: `draggan_krita.desktop`, `draggan_krita/` (with `draggan_wire/` and `VERSION`) and
    `actions/draggan_krita.action`. With `link`, what lies in the plugin's folder are links to the
    sources, but for the manual, which has its pictures inside. Returns what was laid, relative to
    `dest`, sorted. Raises BadInput for an unknown host and CannotWrite, also where a plugin lies in
    `dest` already.
    """
    plugin = plugin_for(host)
    sources = _sources(plugin)
    lay: Callable[[Path, Path], object] = _link if link else _copy
    module = dest / plugin.module
    try:
        module.mkdir(parents=True)
        for source in _entries(sources / plugin.module):
            if source.name == MANUAL_NAME:
                _write(module / MANUAL_NAME, with_pictures(source))
            elif source.name != PICTURES_NAME:
                lay(source, module / source.name)
        lay(_wire(), module / WIRE)
        lay(_licence(), module / "LICENSE")
        _write(module / VERSION_NAME, f"{__version__}\n")
        for name, folder in plugin.beside.items():
            (dest / folder).mkdir(exist_ok=True)
            lay(sources / name, dest / folder / name)
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
        if (folder / plugin.module / "__init__.py").is_file():
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
    yield from (dest / folder / name for name, folder in plugin.beside.items())
    yield from (path for path in (dest / plugin.module).rglob("*") if not path.is_dir())
