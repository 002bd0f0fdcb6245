"""Who may import whom, over the whole tree: by syntax tree, and by importing under a hook."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from draggan.plugins.assembly import assemble
from tests.plugin_editors import EDITORS, PluginEditor

ROOT = Path(__file__).resolve().parent.parent

PACKAGES = {
    "draggan": ROOT / "draggan",
    "draggan_wire": ROOT / "daemon" / "draggan_wire",
    "draggan_daemon": ROOT / "daemon" / "draggan_daemon",
    "draggan_krita": ROOT / "krita_plugin" / "draggan_krita",
    "draggan_gimp": ROOT / "gimp_plugin" / "draggan_gimp",
}
# Beside the standard library and the package itself. The first folder or file that fits counts.
ALLOWED = {
    "draggan": [
        ("cli/", {"draggan_wire", "numpy"}),
        ("plugins/", set()),
        ("pictures.py", {"numpy", "PIL"}),
        ("deep_pictures.py", {"numpy", "PIL"}),
        ("openraster.py", {"numpy", "PIL"}),
        ("report.py", {"numpy", "PIL"}),
        ("contact_sheet.py", {"numpy", "PIL"}),  # scales pictures and writes captions
        ("benchmark/sheet.py", {"torch", "numpy", "PIL"}),
        ("benchmark/trials.py", {"torch", "numpy", "skimage"}),  # of who has it, photographs
        ("", {"torch", "numpy", "safetensors"}),
    ],
    "draggan_wire": [("", set())],
    "draggan_daemon": [
        ("bench/scene.py", {"draggan_wire", "numpy"}),
        ("bench/jpeg.py", {"PIL"}),  # as an editor's own decoder
        ("cli/doctor.py", {"draggan_wire", "draggan"}),
        ("doctor/", {"draggan_wire", "draggan", "zmq"}),
        ("engine/", {"draggan_wire", "draggan", "numpy", "torch", "PIL"}),
        ("models.py", {"draggan_wire", "draggan"}),
        ("", {"draggan_wire", "zmq", "msgpack"}),
    ],
    "draggan_krita": [
        ("host/", {"krita"}),
        ("qt.py", {"PyQt5", "PyQt6", "pykrita"}),
        ("", set()),
    ],
    "draggan_gimp": [
        ("draggan_gimp.py", {"gi", "draggan_studio"}),
        ("draggan_studio/procedure.py", {"gi"}),
        ("draggan_studio/host/", {"gi"}),
        ("draggan_studio/window/", {"gi"}),
        ("", set()),
    ],
}
EDITORS_SIDE = ("draggan_wire", "draggan_krita", "draggan_gimp")
NEWER_THAN_3_8 = {"graphlib", "zoneinfo", "tomllib"}
TOP_LEVEL = {
    *("draggan", "daemon", "krita_plugin", "gimp_plugin", "tests"),
    *("README.md", "LICENSE", "pyproject.toml"),
}


def files_of(package: str) -> list[Path]:
    return sorted(PACKAGES[package].rglob("*.py"))


def every_file() -> list[tuple[str, Path]]:
    return [(package, path) for package in PACKAGES for path in files_of(package)]


def imported_modules(path: Path) -> Iterator[str]:
    """Top-level names of all absolute imports, wherever in the file they stand."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_imports_only_what_it_may(package: str) -> None:
    stdlib = sys.stdlib_module_names - (NEWER_THAN_3_8 if package in EDITORS_SIDE else set())
    faults = []
    for path in files_of(package):
        inside = path.relative_to(PACKAGES[package]).as_posix()
        extra = next(names for start, names in ALLOWED[package] if inside.startswith(start))
        # On the editors' side the package lies in another place under another name.
        own = set() if package in EDITORS_SIDE else {package}
        for name in imported_modules(path):
            if name not in stdlib | extra | own:
                faults.append(f"{inside} imports {name}")
    assert faults == []


def modules_of(node: ast.AST, file: Path, top: Path) -> list[Path]:
    """Where an import of the package's own leads, without the suffix; `top` holds the package."""
    if isinstance(node, ast.ImportFrom) and (node.level or is_inside(node.module or "", top)):
        base = file.parents[node.level - 1] if node.level else top
        module = base.joinpath(*(node.module or "").split("."))
        inner = [module / alias.name for alias in node.names]
        return [module, *(path for path in inner if is_module(path))]
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names if is_inside(alias.name, top)]
        return [top.joinpath(*name.split(".")) for name in names]
    return []


def is_inside(name: str, top: Path) -> bool:
    return name.split(".")[0] in {path.name for path in top.iterdir() if path.is_dir()}


def is_module(path: Path) -> bool:
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@pytest.mark.parametrize("editor", EDITORS, ids=str)
def test_every_import_inside_an_assembled_plugin_leads_somewhere(
    editor: PluginEditor, tmp_path: Path
) -> None:
    assemble(editor.host, tmp_path)
    package = tmp_path / Path(editor.module).name / editor.package
    # What is a program finds modules in its own folder, what is a module only its own package.
    top = package.parent if editor.program else tmp_path / "nowhere"
    top.mkdir(exist_ok=True)
    faults = []
    for path in (tmp_path / Path(editor.module).name).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            for module in modules_of(node, path, top):
                if not module.is_relative_to(package) or not is_module(module):
                    faults.append(f"{path.relative_to(tmp_path)}: {ast.unparse(node)}")
    assert faults == []


def needs_a_display(path: Path) -> bool:
    """Whether a module imports what opens the display, or asks for a version of it."""
    words: set[object] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "gi.repository":
            words.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Constant):
            words.add(node.value)
    return not words.isdisjoint({"Gtk", "Gdk", "GimpUi"})


def test_only_the_gimp_plugins_window_knows_gtk() -> None:
    window = PACKAGES["draggan_gimp"] / "draggan_studio" / "window"
    knowing = [path for path in files_of("draggan_gimp") if needs_a_display(path)]
    assert [path.name for path in knowing if window not in path.parents] == []


def imported_at_once(path: Path) -> Iterator[ast.AST]:
    """The imports that are done when the module is: not those inside of functions."""
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        waiting.extend(ast.iter_child_nodes(node))


def test_gimp_without_a_display_loads_no_gtk_with_the_plugin(tmp_path: Path) -> None:
    assemble("gimp", tmp_path)
    top = tmp_path / "draggan_gimp"
    waiting, loaded = [top / "draggan_gimp.py"], set()
    while waiting:
        path = waiting.pop()
        if path in loaded or not path.is_file():
            continue
        loaded.add(path)
        for node in imported_at_once(path):
            for module in modules_of(node, path, top):
                packages = [module, *(each for each in module.parents if top in each.parents)]
                waiting += [module.with_suffix(".py"), *(each / "__init__.py" for each in packages)]
    names = {path.relative_to(top).as_posix() for path in loaded}
    assert "draggan_gimp.py" in names
    assert [name for name in names if needs_a_display(top / name)] == []


@pytest.mark.parametrize("package", EDITORS_SIDE)
def test_what_runs_inside_the_editors_parses_as_python_3_8(package: str) -> None:
    for path in files_of(package):
        ast.parse(path.read_text(), filename=str(path), feature_version=(3, 8))


def test_every_module_says_first_what_it_is() -> None:
    faults = [
        path.relative_to(ROOT).as_posix()
        for _, path in every_file()
        if "_msgpack" not in path.parts
        and path.read_text().strip()
        and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert faults == []


def test_nothing_stands_at_the_top_of_the_tree_but_the_house() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True
    )
    names = {name.split("/")[0] for name in listed.stdout.split("\0") if name}
    assert {name for name in names if not name.startswith(".")} <= TOP_LEVEL


# Importing under a hook: what a syntax tree cannot see.

_IMPORT_ALL = """
import importlib, pkgutil, sys

allowed, package, skipped = set({allowed!r}), {package!r}, {skipped!r}

class Guard:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top not in allowed and top not in sys.stdlib_module_names:
            raise ImportError("refused by the test: " + name)
        return None

sys.meta_path.insert(0, Guard())
root = importlib.import_module(package)
names = [package]
for module in pkgutil.walk_packages(getattr(root, "__path__", []), package + "."):
    if not module.name.startswith(skipped):
        names.append(module.name)
        importlib.import_module(module.name)
print(*(name for name in sys.modules if "." not in name))
"""


def modules_after_importing(
    package: str, *, allowed: set[str], skipped: tuple[str, ...] = ()
) -> set[str]:
    """Imports the whole of `package` where nothing but `allowed` and the standard library is.

    `skipped`: how the names of modules begin that are not imported.
    """
    code = _IMPORT_ALL.format(
        allowed=sorted(allowed | {package.split(".")[0]}), package=package, skipped=skipped
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_wire_needs_nothing_but_the_standard_library() -> None:
    modules_after_importing("draggan_wire", allowed=set())


def test_the_installer_of_plugins_needs_nothing_but_the_standard_library() -> None:
    modules_after_importing("draggan.plugins", allowed=set())


def test_the_daemons_front_door_loads_no_torch() -> None:
    loaded = modules_after_importing(
        "draggan_daemon",
        allowed={"draggan_wire", "draggan", "safetensors", "zmq", "msgpack"},
        # What computes and paints; but importing the engine's package itself must stay light.
        skipped=("draggan_daemon.engine.", "draggan_daemon.bench."),
    )
    assert "zmq" in loaded and "torch" not in loaded


def test_the_command_line_loads_no_torch() -> None:
    loaded = modules_after_importing("draggan.cli", allowed={"draggan_wire", "numpy", "PIL"})
    assert "torch" not in loaded


def test_help_is_instant_because_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys; from draggan.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'PIL', 'torch', 'draggan_wire'} & set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
