"""What the panel says and allows at one moment, in the user's language; stdlib only, no toolkit.

Functions of a `Snapshot`, the `Words` of a language and, where the editors differ, `HostWords`.
What never changes while a panel is open stands in `choices`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Optional, Sequence, Tuple

from .choices import MAY_MOVE, MODEL, PAINTED_AREA, TOOLS, ChoiceRow, Choices, translated
from .words import Template, Words

if TYPE_CHECKING:
    from ..messages import ModelInfo
    from .host_words import HostWords
    from .snapshot import Snapshot

_FITS = {  # by what a verdict begins with, before a colon: short, and what to say of it
    "very close": (Template("very close"), None),
    "close": (Template("close"), None),
    "rough": (Template("rough"), Template("Fine detail will come from the original.")),
    "poor": (
        Template("poor"),
        Template(
            "This model does not know such pictures. "
            "Expect little of a drag; choose another model, or a smaller region."
        ),
    ),
}
_TONES = {
    "connected": "good",
    "connecting": "wait",
    "starting": "wait",
    "lost": "bad",
    "refused": "bad",
}
_STATUSES = {
    "placed": Template("placed"),
    "moving": Template("moving"),
    "reached": Template("has arrived"),
    "stuck": Template("is stuck"),
    "lost": Template("has lost its place"),
    "pinned": Template("is a pin and stays"),
}


@dataclass(frozen=True)
class Field:
    """Whether a control can be used; the tip says what it is for, or why it cannot be."""

    tip: str
    enabled: bool


@dataclass(frozen=True)
class Button:
    """What is on a button, or what a screen reader says of one with a picture only.

    `look` is "play" for what is to be pressed next, "stop", "off", or "" where there is one look.
    """

    text: str
    tip: str
    enabled: bool
    look: str = ""


@dataclass(frozen=True)
class Note:
    """A text in a tone: "good", "wait", "bad", or "" for the usual colour."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class ConnectionLine:
    """The state of the connection; `under_way` is drawn as a hollow dot."""

    sentence: str
    hint: str
    tone: str
    under_way: bool
    can_start: bool


# The connection.


def connection_line(now: Snapshot, words: Words) -> ConnectionLine:
    view = now.connection
    return ConnectionLine(
        sentence=words.sentence(view.sentence),
        hint="" if now.connected else words.sentence(view.hint),
        tone=_TONES.get(view.state, "wait"),
        under_way=view.state in ("connecting", "starting"),
        can_start=view.can_start,
    )


# The model and what it works on.


def listed_models(now: Snapshot) -> Tuple[Tuple[str, str], ...]:
    """Id and title of each; the chosen one is among them even where the daemon lacks it."""
    listed = tuple((model.id, model.title or model.id) for model in now.models)
    chosen = now.settings.model
    return listed if _chosen_model(now) else (*listed, (chosen, chosen))


def model_field(now: Snapshot, words: Words) -> Field:
    if not now.models:
        tip = words.tr("The models are listed as soon as a daemon is connected.")
    elif now.busy:
        tip = words.tr("Stop first, then choose another model.")
    else:
        tip = words.tr(MODEL.tip)
    return Field(tip, bool(now.models) and not now.busy)


def model_card(now: Snapshot, words: Words) -> str:
    """The chosen model's size and licence; "" where nothing is known of it."""
    chosen = _chosen_model(now)
    if chosen is None:
        missing = words.tr("The connected daemon does not have this model.")
        return missing if now.connected and now.models else ""
    size = f"{chosen.width} × {chosen.height} px"
    return f"{size} · {chosen.licence}" if chosen.licence else size


def model_summary(now: Snapshot, words: Words) -> str:
    chosen = _chosen_model(now)
    return words.sentence(chosen.summary) if chosen else ""


def fit_line(now: Snapshot, words: Words) -> Note:
    """How well the model knows the picture; without a text while that is unknown."""
    fit = now.edit.fit
    if not fit:
        return Note("")
    short, _ = _FITS.get(_kind(fit), (None, None))
    text = words.tr("Likeness: {fit}", fit=words.tr(short) if short else words.sentence(fit))
    return Note(text, "wait" if _kind(fit) == "poor" else "")


def fit_remark(now: Snapshot, words: Words) -> Note:
    """What to expect of a drag, where that is not all."""
    kind = _kind(now.edit.fit)
    _, remark = _FITS.get(kind, (None, None))
    return Note(words.tr(remark), "wait" if kind == "poor" else "") if remark else Note("")


def _kind(fit: str) -> str:
    return fit.partition(":")[0]


def likeness_shown(now: Snapshot) -> bool:
    """Whether there is a picture of how the model sees it, or one is about to come."""
    return now.edit.likeness is not None or now.edit.state == "opening"


def source_field(row: ChoiceRow, now: Snapshot, words: Words) -> Field:
    """Of source, region, quality, and what may move."""
    return Field(_if_idle(now, words, row.tip), not now.busy)


def _if_idle(now: Snapshot, words: Words, tip: Template) -> str:
    return words.tr("Stop first, then change this.") if now.busy else words.tr(tip)


def _chosen_model(now: Snapshot) -> Optional[ModelInfo]:
    return next((model for model in now.models if model.id == now.settings.model), None)


# What is painted on a preview.


def tool_buttons(now: Snapshot, words: Words) -> Tuple[Tuple[str, Button], ...]:
    """Each tool's name and its button."""
    return tuple(
        (tool.name, Button(words.tr(tool.label), _if_idle(now, words, tool.tip), not now.busy))
        for tool in TOOLS
    )


def may_move(words: Words, painted: bool) -> Choices:
    """The choices of what may move; paint leaves none."""
    row = translated(MAY_MOVE, words)
    return replace(row, items=(("painted", words.tr(PAINTED_AREA)),)) if painted else row


def may_move_field(now: Snapshot, words: Words, painted: bool) -> Field:
    if painted and not now.busy:
        return Field(words.tr("What is painted may move. Clear the paint to choose again."), False)
    return source_field(MAY_MOVE, now, words)


def clear_paint_button(now: Snapshot, words: Words, painted: bool) -> Button:
    away, nothing = Template("Takes all paint away."), Template("Nothing is painted.")
    tip = _if_idle(now, words, away if painted else nothing)
    return Button(words.tr("Clear paint"), tip, painted and not now.busy)


# Handles and dragging.


def place_button(now: Snapshot, words: Words, host: HostWords) -> Button:
    tip = words.tr("Drag on the canvas from a place to where it should go; click to pin a place.")
    return Button(
        words.tr("Place handles"), tip if now.document else words.tr(host.no_document), now.document
    )


def drag_button(now: Snapshot, words: Words, host: HostWords) -> Button:
    if now.edit.state == "stopping":
        tip = words.tr("The step that is being computed ends first.")
        return Button(words.tr("Stopping…"), tip, False, "stop")
    if now.busy:
        tip = words.tr("Stops after this step and keeps what was reached.")
        return Button(words.tr("Stop"), tip, True, "stop")
    hindrance = obstacle(now, words, host)
    tip = hindrance or words.tr("Moves what is under the handles to their targets.")
    return Button(words.tr("Drag"), tip, not hindrance, "off" if hindrance else "play")


def obstacle(now: Snapshot, words: Words, host: HostWords) -> str:
    """Why nothing can be dragged now; "" if it can."""
    handles = now.edit.handles
    if not now.document:
        return words.tr(host.no_document)
    if now.connection.state not in ("connected", "connecting"):
        return words.tr("There is no connection to a daemon.")
    if not handles:
        return words.tr("Place handles first.")
    if all(status == "pinned" for status in handles):
        return words.tr("All handles are pins. Place one with a target, so that something moves.")
    if all(status in ("pinned", "reached") for status in handles):
        return words.tr("All handles have arrived. Pull one of them further.")
    return ""


def handle_count(now: Snapshot, words: Words) -> str:
    n = len(now.edit.handles)
    if n < 2:
        return words.tr("1 handle") if n else words.tr("No handles")
    return words.tr("{n} handles", n=n)


def handle_tip(i: int, status: str, words: Words) -> str:
    """What is to say of handle `i`, from 0."""
    state = words.tr(_STATUSES[status]) if status in _STATUSES else status
    return words.tr("Handle {n}: {state}", n=i + 1, state=state)


def delete_button(now: Snapshot, words: Words) -> Button:
    chosen = now.edit.selected is not None
    delete, select = Template("Delete the selected handle"), Template("Select a handle first.")
    tip = _unless_busy(now, words, delete if chosen else select)
    return Button(words.tr("Delete handle"), tip, chosen and not now.busy)


def clear_button(now: Snapshot, words: Words) -> Button:
    some = bool(now.edit.handles)
    clear, none = Template("Clear all handles"), Template("There are no handles.")
    tip = _unless_busy(now, words, clear if some else none)
    return Button(words.tr("Clear all handles"), tip, some and not now.busy)


def lines_button(now: Snapshot, words: Words, host: HostWords) -> Button:
    tip = _unless_busy(now, words, host.lines_tip) if now.document else words.tr(host.no_document)
    return Button(words.tr(host.lines), tip, now.document and not now.busy)


def _unless_busy(now: Snapshot, words: Words, tip: Template) -> str:
    return words.tr("Stop first, then change the handles.") if now.busy else words.tr(tip)


# Messages.


def progress(now: Snapshot) -> Optional[float]:
    """From 0 to 1; None: somewhere on the way."""
    fraction = now.edit.fraction
    return fraction if fraction is not None or now.busy else 0.0


def speed(now: Snapshot, words: Words) -> str:
    ms = now.edit.ms_per_step
    if ms is None:
        return ""
    return words.tr("{ms} ms per step", ms=f"{ms:.0f}" if ms >= 10 else f"{ms:.1f}")


def message(now: Snapshot, words: Words, host: HostWords) -> Note:
    """What there is to say; else what to do next."""
    text = words.sentence(now.edit.message) or next_step(now, words, host)
    return Note(text, "bad" if now.edit.state == "failed" else "")


def hint(now: Snapshot, words: Words) -> str:
    """What to do, and what to know of the picture; a line each."""
    return "\n".join(words.sentence(text) for text in (now.edit.hint, *now.edit.notes) if text)


def next_step(now: Snapshot, words: Words, host: HostWords) -> str:
    """What to do first, for as long as there is nothing else to say."""
    if not now.document:
        return words.tr(host.open_one)
    if now.edit.handles:
        return words.tr("Press Drag, and the picture follows the handles.")
    return words.tr(host.draw_now if now.placing else host.draw)


def reopen_button(now: Snapshot, words: Words, host: HostWords) -> Button:
    """To be shown where `now.edit.can_reopen`."""
    ready = now.connected and not now.busy
    tip = words.tr(host.reopen_tip)
    return Button(
        words.tr("Take up the edit again"),
        tip if ready else words.tr("There is no connection to a daemon."),
        ready,
    )


# The timeline.


def where(step: int, last: int) -> str:
    return f"{step} / {last}" if last else ""


def slider_field(now: Snapshot, words: Words) -> Field:
    tip = words.tr("Shows a step of the edit; the next drag goes on from there.")
    return Field(_with_steps(now, words, tip), _can_scrub(now))


def back_button(now: Snapshot, words: Words) -> Button:
    return _step_button(now, words, words.tr("One step back"), now.edit.step > 0)


def forward_button(now: Snapshot, words: Words) -> Button:
    text = words.tr("One step forward")
    return _step_button(now, words, text, now.edit.step < now.edit.last)


def keep_button(now: Snapshot, words: Words, host: HostWords) -> Button:
    tip = _with_steps(now, words, words.tr(host.keep_tip))
    return Button(words.tr("Keep step"), tip, _can_scrub(now))


def animation_button(now: Snapshot, words: Words) -> Button:
    tip = _with_steps(now, words, words.tr("Makes an animated layer of all the steps."))
    return Button(words.tr("As animation"), tip, _can_scrub(now))


def interval_unit(n: int, words: Words) -> str:
    """What stands behind the number of "Keep every"."""
    return words.tr("step") if n == 1 else words.tr("steps")


def kept_line(steps: Sequence[int], words: Words) -> str:
    """Which steps become layers; "" for none."""
    return words.tr("Kept steps: {steps}", steps=", ".join(map(str, steps))) if steps else ""


def _step_button(now: Snapshot, words: Words, text: str, possible: bool) -> Button:
    return Button(text, _with_steps(now, words, text), possible and _can_scrub(now))


def _can_scrub(now: Snapshot) -> bool:
    return now.edit.last > 0 and not now.busy


def _with_steps(now: Snapshot, words: Words, tip: str) -> str:
    """The tip, unless there are no steps, or none that can be gone to now."""
    if now.busy:
        return words.tr("Stop first, then go through the steps.")
    return tip if now.edit.last else words.tr("The steps of a drag will be here.")
