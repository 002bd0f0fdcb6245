"""One session's edit, and how a request becomes one; needs draggan, numpy and torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace

from draggan_wire.errors import BadInput
from draggan_wire.messages import MAX_NOTE, MAX_NOTES, DragSettings, Image, Open
from numpy.typing import NDArray

from draggan.checkpoint import load_discriminator
from draggan.drag import PRESETS, DragOptions
from draggan.editor import DragEditor, SettingStep
from draggan.errors import BadSaved
from draggan.finding import Shelf
from draggan.inversion_cache import InversionCache
from draggan.penalties import PictureFeatures
from draggan.pixels import PixelFormat, pixel_format
from draggan.saved import SavedEdit, Stamp, unpack
from draggan.saved_edit import CHANGED

from ..worker import Coding
from .coding import JpegLadder
from .loaded_models import Model


@dataclass
class Edit:
    """The editor, how its client's pixels lie in memory and travel, and frames so far."""

    session: str
    editor: DragEditor
    stamp: Stamp
    frames: int = 0
    ready: bool = False  # opened or restored, to be worked on
    coding: Coding = field(default_factory=Coding)
    ladder: JpegLadder = field(default_factory=JpegLadder)
    fits_jpeg: bool | None = None  # the opened picture; None: nobody has asked

    @property
    def format(self) -> PixelFormat:
        return pixel_format(self.stamp.pixels)


def begun(
    session: str, request: Open, model: Model, inversions: InversionCache | None = None
) -> tuple[Edit, Iterator[SettingStep]]:
    """A new edit, and what is still to be computed before it can be dragged."""
    shelf = None if inversions is None else Shelf(inversions, model.fingerprint)
    features = _picture_features(model) if request.quality == "best" else None
    editor = DragEditor(model.generator, shelf=shelf, picture_features=features)
    if request.saved is not None:
        saved, stamp = unpack(memoryview(request.saved.data))
        check_stamp(saved, stamp, model)
        picture = None
        if request.image is not None:
            picture, stamp = _native(request.image), replace(stamp, pixels=request.image.format)
        editor.restore(saved, picture)
        return Edit(session, editor, stamp), iter(())
    pixels = "rgb8" if request.image is None else request.image.format
    stamp = Stamp(model.name, model.fingerprint, pixels)
    return Edit(session, editor, stamp), _set(editor, request)


def notes_on(editor: DragEditor) -> tuple[str, ...]:
    """What its client is to be told of the picture, as much as fits into a message.

    That a picture has changed since it was saved is known, and said, by those who have saved it.
    """
    notes = (note[:MAX_NOTE] for note in editor.notes if note != CHANGED)
    return tuple(notes)[:MAX_NOTES]


def _picture_features(model: Model) -> PictureFeatures | None:
    """Of the discriminator, where the model's file has kept it."""
    discriminator = load_discriminator(model.name)
    if discriminator is None:
        return None
    place = model.generator
    return discriminator.to(place.device, place.dtype).requires_grad_(False).features


def _set(editor: DragEditor, request: Open) -> Iterator[SettingStep]:
    if request.seed is not None:
        editor.set_seed(request.seed, truncation=request.truncation, label=request.label)
        return iter(())
    assert request.image is not None
    weight = None if request.weight is None else plane(request.weight)
    return editor.set_image(
        _native(request.image), weight=weight, quality=request.quality, angle=request.angle
    )


def check_stamp(edit: SavedEdit, stamp: Stamp, model: Model) -> None:
    """Raises BadSaved unless the edit was made with that very model, and for a client."""
    if stamp.model != model.name:
        raise BadSaved(
            f"The edit was made with the model '{stamp.model}', not with '{model.name}'.",
            hint=f"Choose the model '{stamp.model}', and open the edit again.",
        )
    if stamp.fingerprint != model.fingerprint:
        raise BadSaved(
            f"The edit was made with another version of the model '{model.name}'.",
            hint="Put that version back into the models folder, or open the picture itself.",
        )
    if not stamp.pixels or edit.flat or (edit.shape is None and stamp.pixels != "rgb8"):
        raise BadSaved("The saved edit is not one of an editor's.", hint="Open the picture itself.")


def drag_options(settings: DragSettings) -> DragOptions:
    """The preset that is named, with what the client sets besides. Raises BadInput."""
    name = settings.preset or "default"
    if name not in PRESETS:
        raise BadInput(
            f"There is no preset called '{name}'.", hint=f"Presets: {', '.join(PRESETS)}."
        )
    given = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name != "preset"}
    return replace(PRESETS[name], **{k: v for k, v in given.items() if v is not None})


def plane(image: Image) -> NDArray:
    """A gray8 mask as (H, W) in [0, 1]."""
    return _native(image)[..., 0] / 255


def _native(image: Image) -> NDArray:
    """The picture of a message as an array (H, W, C) of its own sample type."""
    return pixel_format(image.format).from_bytes(memoryview(image.data), image.width, image.height)
