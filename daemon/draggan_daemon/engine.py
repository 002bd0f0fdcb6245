"""The computing itself: the only file of the daemon that imports draggan, and only when needed.

Runs in the worker's thread (`models` and `device` in the door's). Models are loaded once and shared
between the sessions; everything else belongs to one session's edit. The library's errors keep their
code, sentence and hint.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING

from draggan_wire.errors import (
    BadInput,
    EngineFailed,
    LimitExceeded,
    UnknownSession,
    WireError,
)
from draggan_wire.messages import (
    Blob,
    Closed,
    Done,
    Drag,
    DragSettings,
    Frame,
    HandleResult,
    Image,
    ModelInfo,
    Open,
    Progress,
    Ready,
    Save,
    Saved,
    Seek,
)
from draggan_wire.pixels import MAX_BUFFER
from draggan_wire.schema import plain, read

from .worker import Job, Turn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from draggan.checkpoint import ModelCard
    from draggan.drag import DragOptions, DragStep
    from draggan.editor import DragEditor, SettingStep
    from draggan.generator import Generator
    from draggan.pixels import PixelFormat
    from draggan.saved import SavedEdit, Stamp

log = logging.getLogger("draggand.engine")

LIST_SECONDS = 5.0  # how long a list of the models is taken for true


@dataclass(frozen=True)
class _Model:
    """A generator in memory, and the file that it came from."""

    name: str
    generator: Generator
    file_state: tuple[int, ...]
    fingerprint: str


@dataclass
class _Edit:
    """One session's edit: the editor, how its client's pixels lie in memory, frames so far."""

    session: str
    editor: DragEditor
    stamp: Stamp
    frames: int = 0

    @property
    def format(self) -> PixelFormat:
        from draggan.pixels import pixel_format

        return pixel_format(self.stamp.pixels)


class TorchEngine:
    """Opens pictures, seeds and saved edits, drags, seeks, saves: the `Engine` of `worker.py`.

    Saved data is at most `max_bytes`, since a client could not send more back.
    """

    def __init__(self, *, device: str, threads: int, max_bytes: int = MAX_BUFFER) -> None:
        from draggan.threads import share_the_cores

        share_the_cores()
        self._wanted, self._threads, self._max_bytes = device, threads, max_bytes
        self._device = ""  # torch's name, once torch is there
        self._listed: tuple[float, tuple[ModelInfo, ...]] | None = None
        self._models: dict[str, _Model] = {}
        self._edits: dict[str, _Edit] = {}

    def models(self) -> tuple[ModelInfo, ...]:
        from draggan.checkpoint import list_models

        now = time.monotonic()
        if self._listed is None or now - self._listed[0] > LIST_SECONDS:
            found = (_model_info(card) for card in list_models())
            self._listed = now, tuple(info for info in found if info is not None)[:256]
        return self._listed[1]

    def device(self) -> str:
        if not self._device:
            undecided = "CUDA if there is one, else the CPU"
            return undecided if self._wanted == "auto" else self._wanted.upper()
        import torch

        if self._device.startswith("cuda"):
            return torch.cuda.get_device_name(self._device)
        return f"CPU, {torch.get_num_threads()} threads"

    def open(self, session: str, request: Open, stop: threading.Event) -> Job:
        with _library_errors():
            edit, steps = self._begun(session, request)
            for step in steps:
                if stop.is_set():
                    return Turn((Closed(session, "stopped"),))
                yield Turn((Progress(session, step.stage, step.index, step.total, step.psnr),))
            editor = edit.editor
            shown = request.image is None  # the client has not seen it yet
            first = (_frame(edit, "result", editor.position),) if shown else ()
            self._edits[session] = edit
            last = len(editor.timeline) - 1
            ready = Ready(session, editor.psnr, editor.quality_score, editor.position, last)
            return Turn((*first, ready))

    def drag(self, request: Drag, stop: threading.Event) -> Job:
        with _library_errors():
            edit = self._edit(request.session)
            start, seconds = edit.editor.position, 0.0
            steps = _drag(edit.editor, request)
            while True:
                begin = time.perf_counter()
                step = next(steps)  # the last one is `finished`
                seconds += time.perf_counter() - begin
                if step.finished or stop.is_set():
                    break
                yield _turn(edit, step, request, taken=step.index - start)
            result = _frame(edit, "result", step.index, step)
            return Turn((result, _done(edit, step, step.index - start, seconds)))

    def seek(self, request: Seek) -> Job:
        with _library_errors():
            edit = self._edit(request.session)
            edit.editor.seek(request.step)
            return Turn((_frame(edit, "result", request.step),))
        yield

    def save(self, request: Save) -> Job:
        from draggan.saved import pack

        with _library_errors():
            edit = self._edit(request.session)
            data = pack(edit.editor.saved(), edit.stamp)
            if len(data) > self._max_bytes:
                raise LimitExceeded(
                    f"The edit needs {len(data) >> 20} MiB to be saved; this daemon takes at most "
                    f"{self._max_bytes >> 20}.",
                    hint="Work on a smaller region if the edit is to be opened again later.",
                )
            return Turn((Saved(request.session, Blob(data), edit.editor.position),))
        yield

    def close(self, session: str) -> None:
        self._edits.pop(session, None)

    def _edit(self, session: str) -> _Edit:
        if session not in self._edits:
            raise UnknownSession("The session is not open.", hint="Open the picture again.")
        return self._edits[session]

    def _begun(self, session: str, request: Open) -> tuple[_Edit, Iterator[SettingStep]]:
        """A new edit, and what is still to be computed before it can be dragged."""
        from draggan.editor import DragEditor
        from draggan.saved import Stamp

        model = self._model(request.model)
        editor = DragEditor(model.generator)
        if request.saved is not None:
            edit, stamp = _unpacked(request.saved, model)
            return _Edit(session, editor, stamp), editor.restore(edit)
        pixels = "rgb8" if request.image is None else request.image.format
        stamp = Stamp(model.name, model.fingerprint, pixels)
        return _Edit(session, editor, stamp), _set(editor, request)

    def _model(self, name: str) -> _Model:
        """The model, loaded at its first use and when its file has been replaced.

        Torch is first needed here. Sessions that are open keep the generator that they began with.
        """
        from draggan.checkpoint.registry import file_state
        from draggan.errors import DragganError

        try:
            state = file_state(name)
        except DragganError:
            self._models.pop(name, None)  # the file is gone
            raise
        known = self._models.get(name)
        if known is None or known.file_state != state:
            self._models[name] = self._load(name, state)
        return self._models[name]

    def _load(self, name: str, state: tuple[int, ...]) -> _Model:
        import torch

        from draggan.checkpoint import load_generator
        from draggan.checkpoint.registry import model_file
        from draggan.saved import fingerprint

        if not self._device:
            self._device = self._choose_device()
            if self._threads:
                torch.set_num_threads(self._threads)
        begin = time.perf_counter()
        generator = load_generator(name, device=self._device)
        found = _Model(name, generator, state, fingerprint(model_file(name)))
        log.info("loaded %s on %s in %.2f s", name, self._device, time.perf_counter() - begin)
        return found

    def _choose_device(self) -> str:
        import torch

        if self._wanted == "auto":
            return "cuda" if torch.cuda.is_available() else "cpu"
        if self._wanted.startswith("cuda") and not torch.cuda.is_available():
            raise EngineFailed(
                "There is no CUDA device for torch on this computer.",
                hint="Start the daemon with --device cpu, or install torch for CUDA.",
                code="no_device",
            )
        return self._wanted


def _model_info(card: ModelCard) -> ModelInfo | None:
    """What clients are told of a model; a user's file may be called what no id can be."""
    try:
        info = ModelInfo(
            card.id,
            card.title[:200],
            card.width,
            card.height,
            card.licence[:200],
            card.summary[:1000],
        )
        return read(ModelInfo, plain(info), "model")
    except WireError:
        log.warning("a model file's name is no id: letters, digits, '-', '_' and '.' are")
        return None


def _options(settings: DragSettings) -> DragOptions:
    """The preset that is named, with what the client sets besides."""
    from draggan.drag import PRESETS

    name = settings.preset or "default"
    if name not in PRESETS:
        raise BadInput(
            f"There is no preset called '{name}'.", hint=f"Presets: {', '.join(PRESETS)}."
        )
    given = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name != "preset"}
    return replace(PRESETS[name], **{k: v for k, v in given.items() if v is not None})


@contextmanager
def _library_errors() -> Iterator[None]:
    """The library's errors as the wire's; being out of memory as MemoryError."""
    from draggan.errors import DragganError

    try:
        yield
    except DragganError as error:
        raise EngineFailed(error.sentence, hint=error.hint, code=error.code) from None
    except RuntimeError as error:
        said = str(error).lower()
        if "out of memory" in said or "can't allocate" in said or "not enough memory" in said:
            raise MemoryError from error
        raise


def _set(editor: DragEditor, request: Open) -> Iterator[SettingStep]:
    if request.seed is not None:
        editor.set_seed(request.seed, truncation=request.truncation, label=request.label)
        return iter(())
    assert request.image is not None
    weight = None if request.weight is None else _plane(request.weight)
    return editor.set_image(_native(request.image), weight=weight, quality=request.quality)


def _unpacked(saved: Blob, model: _Model) -> tuple[SavedEdit, Stamp]:
    """The saved edit, if it was made with that very model and for a client."""
    from draggan.errors import BadSaved
    from draggan.saved import unpack

    edit, stamp = unpack(memoryview(saved.data))
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
    if not stamp.pixels or edit.flat or (edit.picture is None and stamp.pixels != "rgb8"):
        raise BadSaved("The saved edit is not one of an editor's.", hint="Open the picture itself.")
    return edit, stamp


def _drag(editor: DragEditor, request: Drag) -> Iterator[DragStep]:
    mask = None if request.mask is None else _plane(request.mask)
    options = _options(request.settings)
    return editor.drag(request.handles, request.targets, mask=mask, options=options)


def _turn(edit: _Edit, step: DragStep, request: Drag, *, taken: int) -> Turn:
    """A step of a drag: its preview's recipe and, every so often, the step as a kept frame."""
    draw = partial(_frame, edit, "preview", step.index, step, max_side=request.preview_max_side)
    if request.keep_every and taken and taken % request.keep_every == 0:
        return Turn((_frame(edit, "kept", step.index, step),), draw)
    return Turn((), draw)


def _done(edit: _Edit, step: DragStep, taken: int, seconds: float) -> Done:
    ends = zip(step.points.tolist(), step.statuses, step.distances, strict=True)
    return Done(
        edit.session,
        reason=step.ending or "stopped",
        steps=taken,
        ms_per_step=1000 * seconds / max(1, taken),
        handles=tuple(HandleResult(x, y, status, distance) for (x, y), status, distance in ends),
    )


def _frame(
    edit: _Edit,
    kind: str,
    index: int,
    step: DragStep | None = None,
    *,
    max_side: int | None = None,
) -> Frame:
    """The picture at `index` of the timeline in the client's own format, with `step`'s handles.

    Without a step: where they were is known of the timeline, what they were after is not.
    """
    handles = edit.editor.timeline[index] if step is None else step
    preview = kind == "preview"
    native = edit.editor.image(index, max_side=max_side, draft=preview)
    height, width = native.shape[:2]
    edit.frames += 1
    return Frame(
        edit.session,
        edit.frames,
        kind,
        index,
        Image(edit.format.name, width, height, edit.format.to_bytes(native)),
        points=tuple((x, y) for x, y in handles.points.tolist()),
        distances=() if step is None else step.distances,
        statuses=() if step is None else step.statuses,
        changed=None if preview else _marked(edit.editor.changed(native)),
    )


def _marked(where: NDArray) -> Image:
    """(h, w) bool as gray8: 255 where it is true."""
    height, width = where.shape
    return Image("gray8", width, height, (where.view("uint8") * 255).tobytes())


def _native(image: Image) -> NDArray:
    """The picture of a message as an array (H, W, C) of its own sample type."""
    from draggan.pixels import pixel_format

    return pixel_format(image.format).from_bytes(memoryview(image.data), image.width, image.height)


def _plane(image: Image) -> NDArray:
    """A gray8 mask as (H, W) in [0, 1]."""
    return _native(image)[..., 0] / 255
