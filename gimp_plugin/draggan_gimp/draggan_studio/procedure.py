"""The procedure `plug-in-draggan`: its menu entry, its arguments, its ways to run; without Gtk.

The dialog, and Gtk with it, is imported only when it is asked for: scripts run without a display.
"""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Sequence

from gi.repository import Gimp, GLib, GObject

from .arguments import Arguments
from .draggan_wire.errors import BadInput, WireError
from .draggan_wire.workbench.settings import (
    PASTES,
    QUALITIES,
    REGIONS,
    SOURCES,
    Settings,
    load,
    save,
)
from .draggan_wire.workbench.words import Words
from .host.document import GimpDocument

NAME = "plug-in-draggan"
MENU = "<Image>/Filters/Distorts"
BLURB = "Drag points of a picture to where they should be"
HELP = (
    "Sets handles on a layer and drags what is under them to their targets: a generative network "
    "draws what moves. The result is a group of layers above the layer, one step of undo; the "
    "layer itself stays as it is. Without a dialog, 'handles' or a path says what goes where."
)
FOLDER = Path(__file__).absolute().parent.parent  # the plug-in's own, also where it is a link
REMEMBERED = "settings"  # all that the dialog remembers, as JSON
# What a script can ask an error for: its code.
CODES = {"bad_input": 1, "no_daemon": 2, "connection_lost": 3, "access_refused": 4}
OTHER = 0


class DragGan(Gimp.PlugIn):
    """What GIMP asks for the plug-in's procedures."""

    def do_set_i18n(self, procedure_name: str) -> bool:
        return False

    def do_query_procedures(self) -> Sequence[str]:
        return [NAME]

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_image_types("RGB*, GRAY*")
        procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE)
        procedure.set_documentation(BLURB, HELP, name)
        procedure.set_menu_label("Dra_gGAN...")
        procedure.add_menu_path(MENU)
        procedure.set_attribution("DragGAN Studio", "DragGAN Studio, Apache-2.0", "2026")
        _add_arguments(procedure)
        return procedure


def run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: Sequence[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    data: object,
) -> Gimp.ValueArray:
    """GIMP's call. Whatever goes wrong comes back as an error in words."""
    try:
        document = GimpDocument(image, _only_layer(drawables))
        if run_mode == Gimp.RunMode.INTERACTIVE:
            layer = _ask(document, config)
        else:
            layer = _drag(document, config)
    except Exception as error:  # else the user would see nothing at all
        # Scripts get English, whatever language they run in.
        script = run_mode == Gimp.RunMode.NONINTERACTIVE
        language = "" if script else _remembered(config).language or GLib.get_language_names()[0]
        return _failed(procedure, _in_words(error), Words(language))
    if layer is None:
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
    values = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)
    values.remove(1)
    values.append(GObject.Value(Gimp.Layer, layer))
    return values


def _only_layer(drawables: Sequence[Gimp.Drawable]) -> Gimp.Layer:
    if len(drawables) != 1:
        raise BadInput(
            f"The filter works on one layer, and {len(drawables)} are selected.",
            hint="Select a single layer.",
        )
    if not isinstance(drawables[0], Gimp.Layer):
        raise BadInput(
            "The filter works on layers; a mask or a channel is selected.",
            hint="Select the layer itself.",
        )
    return drawables[0]


def _ask(document: GimpDocument, config: Gimp.ProcedureConfig) -> Any:
    from .window.dialog import ask  # imports Gtk

    outcome = ask(document, read_settings(config), version=_version(), folder=FOLDER)
    if outcome is None:
        return None
    write_settings(config, outcome.settings, handles=outcome.handles)
    return outcome.layer


def _drag(document: GimpDocument, config: Gimp.ProcedureConfig) -> Any:
    from .host.jpeg import jpeg_decoder
    from .unattended import drag_unattended

    Gimp.progress_init("DragGAN")
    try:
        return drag_unattended(
            document,
            _arguments(config),
            default=_remembered(config),
            version=_version(),
            plugin_folder=FOLDER,
            progress=_show_progress,
            jpeg=jpeg_decoder(),
        )
    finally:
        Gimp.progress_end()


def _show_progress(fraction: Any, words: str) -> None:
    if words:
        Gimp.progress_set_text(words)
    if fraction is None:
        Gimp.progress_pulse()
    else:
        Gimp.progress_update(fraction)


def _in_words(error: Exception) -> WireError:
    if isinstance(error, WireError):
        return error
    traceback.print_exc()
    sentence = f"The plugin could not do its part: {type(error).__name__}: {error}."
    return WireError(sentence, hint="Try again; if it stays, report this sentence.")


def _failed(procedure: Gimp.Procedure, error: WireError, language: Words) -> Gimp.ValueArray:
    words = f"{language.sentence(error.sentence)} {language.sentence(error.hint)}".strip()
    status = Gimp.PDBStatusType.EXECUTION_ERROR
    if isinstance(error, BadInput):
        status = Gimp.PDBStatusType.CALLING_ERROR
    domain = GLib.quark_from_string("draggan")
    code = CODES.get(error.code, OTHER)
    return procedure.new_return_values(status, GLib.Error.new_literal(domain, words, code))


# What GIMP remembers.


def _add_arguments(procedure: Gimp.Procedure) -> None:
    default, flags = Arguments(), GObject.ParamFlags.READWRITE
    text = (
        ("handles", "_Handles", "x1,y1:x2,y2; x,y; ... or JSON, in pixels of the image"),
        ("path", "_Path", "Name of a path whose strokes are handles"),
        ("model", "_Model", "Which model draws"),
        ("endpoint", "_Daemon", "Address of the daemon; empty: this computer's"),
    )
    for name, label, blurb in text:
        procedure.add_string_argument(name, label, blurb, getattr(default, name), flags)
    switches = (
        ("mask", "_Only the selection", "Only what is selected may move"),
        ("detail", "_Fine detail", "The layer's own fine detail moves along"),
        ("seam", "_Improve the seam", "Matches the edge of what is pasted; takes longer"),
    )
    for name, label, blurb in switches:
        procedure.add_boolean_argument(name, label, blurb, getattr(default, name), flags)
    # GIMP drops what it does not take, with a warning that nobody sees, and goes on with the value
    # from before: so it takes all numbers and words, and `Arguments` says what is wrong with one.
    numbers = (
        ("iterations", "_Steps at most", "0 leaves it to the model"),
        ("keep-every", "_Keep every", "Each n-th step becomes a layer; 0: none"),
        ("seed", "See_d", "-1: the layer; else a picture that the model makes up"),
    )
    for name, label, blurb in numbers:
        value = getattr(default, name.replace("-", "_"))
        procedure.add_int_argument(name, label, blurb, GLib.MININT, GLib.MAXINT, value, flags)
    most, blurb = sys.float_info.max, "By how many degrees what is dragged is tilted, clockwise"
    procedure.add_double_argument("turn", "_Turn", blurb, -most, most, default.turn, flags)
    choices = (
        ("source", "S_ource", "What is dragged", SOURCES),
        ("region", "_Region", "Which part the model looks at", REGIONS),
        ("quality", "_Quality", "How carefully the picture is learned", QUALITIES),
        ("paste", "P_aste", "What comes into the layer", PASTES),
    )
    for name, label, blurb, known in choices:
        blurb = f"{blurb}: {', '.join(known)}"
        procedure.add_string_argument(name, label, blurb, getattr(default, name), flags)
    procedure.add_string_aux_argument(REMEMBERED, "Settings", "The dialog's own", "", flags)
    procedure.add_layer_return_value("layer", "Layer", "The result", False, flags)


def _arguments(config: Gimp.ProcedureConfig) -> Arguments:
    values: Dict[str, Any] = {}
    for name in Arguments.__dataclass_fields__:
        value = config.get_property(name.replace("_", "-"))
        values[name] = "" if value is None else value
    return Arguments(**values)


def _remembered(config: Gimp.ProcedureConfig) -> Settings:
    """What the dialog was left with; GIMP's file may have been written by anybody."""
    try:
        kept = json.loads(config.get_property(REMEMBERED) or "{}")
    except (ValueError, RecursionError):
        kept = {}
    texts: Dict[str, str] = kept if isinstance(kept, dict) else {}
    return load(lambda name: texts.get(name, ""), default=Settings(source="layer"))


def read_settings(config: Gimp.ProcedureConfig) -> Settings:
    """The settings that the dialog opens with: the last ones, and what GIMP's presets say."""
    try:
        return replace(_arguments(config), handles="", path="").to_settings(_remembered(config))
    except WireError:  # from a file that somebody has edited
        return _remembered(config)


def write_settings(config: Gimp.ProcedureConfig, settings: Settings, *, handles: str) -> None:
    """For the next time, and for 'Repeat', which does the same again without a dialog."""
    texts: Dict[str, str] = {}
    save(settings, texts.__setitem__)
    config.set_property(REMEMBERED, json.dumps(texts))
    arguments = Arguments.from_settings(settings, handles=handles)
    for name in Arguments.__dataclass_fields__:
        config.set_property(name.replace("_", "-"), getattr(arguments, name))


def _version() -> str:
    try:
        return (FOLDER / "VERSION").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
