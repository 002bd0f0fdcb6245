"""The panel's rows: labels, tips, choices and ranges, in the order shown; stdlib only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Tuple

from .host_words import HostWords
from .words import LANGUAGES, Template, Words

if TYPE_CHECKING:
    from .settings import Settings

PREVIEW_RATES = (33, 50, 100, 200, 500, 1000)  # milliseconds between two previews
USUAL_INTERVAL = 10  # of kept steps, when first asked for
LONGEST_INTERVAL = 1000
COPIED_MS = 2000  # for which the button says that the report was copied


@dataclass(frozen=True)
class Row:
    """What a control is called and what it is for."""

    label: Template
    tip: Template


@dataclass(frozen=True)
class ChoiceRow:
    """A list to choose from: `name` is the setting, `choices` are its values and their texts."""

    name: str
    label: Template
    tip: Template
    choices: Tuple[Tuple[Any, Template], ...]


@dataclass(frozen=True)
class NumberRow:
    """A number to set. Where `auto`, `low` is 0, shown as `AUTO`, and means None: the model's
    choice."""

    name: str
    label: Template
    tip: Template
    low: float
    high: float
    decimals: int
    step: float
    auto: bool = True
    unit: str = ""  # stands behind the number


@dataclass(frozen=True)
class Switch:
    """Something that is on or off: `name` is the setting."""

    name: str
    label: Template
    tip: Template


@dataclass(frozen=True)
class Tool:
    """What the pointer does on a preview."""

    name: str
    label: Template
    tip: Template


# The connection.
ADDRESS_FOLD = Template("Address of the daemon")
ADDRESS = Row(
    Template("Address"),
    Template("Where the DragGAN daemon listens; empty: the daemon of this computer."),
)
ADDRESS_EMPTY = Template("this computer")
CONNECT_ANEW = Template("Connect anew")
START_DAEMON = Row(
    Template("Start local daemon"), Template("Starts the DragGAN daemon on this computer.")
)

# The model and what it works on.
MODEL = Row(
    Template("Model"),
    Template("Which model works on the picture. It should know pictures like yours."),
)
ABOUT_MODEL = Template("About this model")
LIKENESS = Row(
    Template("How the model sees it"),
    Template("What the model by itself makes of the picture: that is what it can drag."),
)
SOURCE_ROWS = (
    ChoiceRow(
        "source",
        Template("Source"),
        Template("What is dragged: all that you see, or the active layer alone."),
        (("visible", Template("Everything visible")), ("layer", Template("Active layer"))),
    ),
    ChoiceRow(
        "region",
        Template("Region"),
        Template("Which part of the picture the model looks at."),
        (
            ("whole", Template("Whole picture")),
            ("auto", Template("Around the handles")),
            ("selection", Template("Selection")),
        ),
    ),
    ChoiceRow(
        "quality",
        Template("Quality"),
        Template("How carefully the model learns the picture before the first drag."),
        (
            ("fast", Template("Fast: a rough likeness")),
            ("balanced", Template("Balanced")),
            ("best", Template("Best: takes its time")),
        ),
    ),
)

# Where a preview is painted on.
MAY_MOVE = ChoiceRow(
    "mask",
    Template("May move"),
    Template("What may move: the selection or everything. A painted area goes before both."),
    (("selection", Template("The selection")), ("none", Template("Everything"))),
)
PAINTED_AREA = Template("Painted area")
TOOLS = (
    Tool(
        "handles",
        Template("Handles"),
        Template("Draws arrows from a place to where it should go; a click pins a place."),
    ),
    Tool("paint", Template("Paint"), Template("Paints the area that may move.")),
    Tool("erase", Template("Erase"), Template("Takes paint away again.")),
)
BRUSH = Row(Template("Brush size"), Template("How wide the brush is, in pixels of the picture."))

# The timeline.
TIMELINE = Template("Timeline")
KEEP_EVERY = Template("Keep every")
KEEP_INTERVAL = Template("Steps between two that are kept")

# More options.
MORE_OPTIONS = Template("More options")
AUTO = Template("Auto")
PRESET = ChoiceRow(
    "preset",
    Template("Preset"),
    Template("A ready-made way to drag; what is set above goes before it."),
    (
        ("", AUTO),
        ("default", Template("DragGAN Studio")),
        ("paper", Template("As in the paper")),
        ("released", Template("As first released")),
    ),
)
TURN = NumberRow(
    "angle",
    Template("Turn"),
    Template(
        "By how much a head is tilted, clockwise: the model looks at the picture turned so far."
    ),
    *(-180, 180, 0, 5),
    auto=False,
    unit="°",
)
PASTE = ChoiceRow(
    "paste",
    Template("Paste"),
    Template("What a drag puts into the picture; all else keeps its own pixels."),
    (("moved", Template("What moved")), ("all", Template("All that the model sees"))),
)
DETAIL = Switch(
    "detail",
    Template("Carry fine detail along"),
    Template("The picture's own fine detail moves along with what is dragged."),
)
SEAM = Switch(
    "seam",
    Template("Improve the seam"),
    Template("Matches the edge of what is pasted to what lies around it; this takes longer."),
)
PREVIEWS = Row(
    Template("Previews"),
    Template("How often the picture is shown while dragging; fewer is faster."),
)
LANGUAGE = Template("Language")
SHOW_BOX = Template("Show what the model sees")  # its tip is the host's
LIVE = Row(
    Template("Show steps in the image"),
    Template("While dragging, the image itself shows the steps too; this is slower."),
)
COPY_REPORT = Row(
    Template("Copy diagnostics"),
    Template("Copies versions, settings and the last messages as text: no pictures, no names."),
)
COPIED = Template("Copied")


def numbers(host: HostWords) -> Tuple[NumberRow, ...]:
    """The numbers of a drag."""
    return (
        NumberRow(
            "steps",
            Template("Steps at most"),
            Template("How many steps a drag may take."),
            *(0, 5000, 0, 10),
        ),
        NumberRow("hold", Template("Hold the rest"), host.hold_tip, 0, 1000, 1, 1.0),
        NumberRow(
            "handle_size",
            Template("Handle size"),
            Template("How much around a handle is pulled along, in pixels of a 512 px picture."),
            *(0, 64, 1, 1.0),
        ),
        NumberRow(
            "tracking",
            Template("Tracking reach"),
            Template("How far around a handle its place is looked for after a step, in pixels."),
            *(0, 64, 1, 1.0),
        ),
        NumberRow(
            "speed",
            Template("Speed"),
            Template("How far a step may go. Faster is rougher; too fast loses the handles."),
            *(0, 0.1, 4, 0.001),
        ),
        NumberRow(
            "arrival",
            Template("Arrived within"),
            Template("A handle this near its target has arrived, in pixels of a 512 px picture."),
            *(0, 32, 1, 0.5),
        ),
    )


@dataclass(frozen=True)
class Choices:
    """A row of choices in the user's language."""

    name: str
    label: str
    tip: str
    items: Tuple[Tuple[Any, str], ...]


def translated(row: ChoiceRow, words: Words) -> Choices:
    items = tuple((value, words.tr(text)) for value, text in row.choices)
    return Choices(row.name, words.tr(row.label), words.tr(row.tip), items)


def option_choices(words: Words, host: HostWords) -> Tuple[Choices, ...]:
    """The lists below the numbers: preset, paste, previews, language."""
    rates = tuple((ms, words.tr("{n} per second", n=round(1000 / ms))) for ms in PREVIEW_RATES)
    languages = (("", words.tr(host.language)), *LANGUAGES)
    return (
        translated(PRESET, words),
        translated(PASTE, words),
        Choices("preview_ms", words.tr(PREVIEWS.label), words.tr(PREVIEWS.tip), rates),
        Choices("language", words.tr(LANGUAGE), "", languages),
    )


def shown_value(name: str, settings: Settings) -> Any:
    """The value of a list, or the number of a field, that stands for the setting."""
    value = getattr(settings, name)
    if name == "preview_ms":
        return min(PREVIEW_RATES, key=lambda ms: abs(ms - value))
    if name == "preset":
        return value or ""
    return 0 if value is None else value


def setting_value(name: str, value: Any) -> Any:
    """The setting that a chosen or entered value stands for: None for what is left to the model."""
    if name == "angle":
        return float(value)
    optional = ("preset", "steps", "hold", "handle_size", "tracking", "speed", "arrival")
    return None if name in optional and not value else value
