"""The jobs of all sessions, and their edits; needs draggan, numpy and torch.

Models are shared between the sessions; everything else belongs to one session's edit. Where memory
runs out, what is not at work is put aside and the turn is tried once more.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from draggan_wire.errors import EngineFailed, LimitExceeded, UnknownSession
from draggan_wire.messages import (
    Blob,
    Closed,
    Done,
    Drag,
    Frame,
    Open,
    Pasting,
    Progress,
    Ready,
    Save,
    Saved,
    Seek,
)

from draggan.editor import DragEditor, SettingStep
from draggan.generator import Generator
from draggan.inversion_cache import InversionCache
from draggan.saved import pack

from ..worker import Coding, Job, Record, Snapshot, Turn
from .drag_job import DragJob
from .edit import Edit, begun, check_stamp, notes_on
from .failures import once_more, through_shortage
from .frames import PLAIN, frame, likeness
from .loaded_models import LoadedModels, free_cache
from .records import UNRECORDED, idle_record, kept_drag, kept_edit, opening_record
from .refining import Refining, Steps


class Jobs:
    """What a session's edit goes through, from its opening to its closing."""

    def __init__(
        self, models: LoadedModels, *, max_bytes: int, inversions: InversionCache | None = None
    ) -> None:
        self._inversions = inversions
        self._models, self._max_bytes = models, max_bytes
        self._edits: dict[str, Edit] = {}
        self._codings: dict[str, Coding] = {}
        self._at_work: set[str] = set()
        self._refining = Refining()

    def open(self, session: str, request: Open, stop: threading.Event) -> Job:
        with self._working(session):
            steps = self._patiently(session, partial(self._begin, session, request))
            refining = False
            for step in steps:
                if stop.is_set():
                    return Turn((Closed(session, "stopped"),))
                if math.isnan(step.psnr):
                    raise _no_numbers()
                progress = Progress(session, step.stage, step.index, step.total, step.psnr)
                yield Turn((progress,), self._likeness(session, request))
                if refining := step.ready:
                    break
            edit = self._edits[session]
            _check_numbers(edit.editor)
            fresh = request.image is not None and request.saved is None  # the client has seen it
            first = () if fresh else (self._shown(edit),)
            alike = self._likeness(session, request)
            record = self._kept_whole(edit)
            edit.ready = True
            said = (*_drawn(alike), *first, _ready(edit, final=not refining))
            rest = self._refine(edit, steps, alike, stop) if refining else None
            return Turn(said, record=record, refining=rest)

    def _refine(
        self, edit: Edit, steps: Steps, alike: Callable[[], Frame] | None, stop: threading.Event
    ) -> Job:
        """The rest of the steps; other jobs of the session run between its turns."""
        session = edit.session
        self._refining.begin(session, steps)
        try:
            while not stop.is_set():
                with self._working(session):
                    more = self._refining.advance(session)
                if not more:
                    break
                yield Turn()
        finally:
            self._refining.end(session)
        with self._working(session):
            record = self._kept_whole(edit) if self._refining.has_moved(session) else None
            return Turn((*_drawn(alike), _ready(edit, final=True)), record=record)

    def _likeness(self, session: str, request: Open) -> Callable[[], Frame] | None:
        """Draws what the model itself makes of the picture, if there is one that is looked at."""
        edit = self._edits[session]
        if request.image is None or request.saved is not None or not edit.coding.likeness:
            return None
        return partial(once_more, partial(likeness, edit), self._room(session))

    def _kept_whole(self, edit: Edit) -> Record:
        record = once_more(partial(opening_record, edit), self._room(edit.session))
        self._refining.kept(edit.session)
        return record

    def restore(self, session: str, snapshot: Snapshot, stop: threading.Event) -> Job:
        with self._working(session):
            once_more(partial(self._reopen, session, snapshot), self._room(session))
            edit = self._edits[session]
            edit.frames = snapshot.frames + UNRECORDED
            edit.ready = True
            yield Turn(restored=True)
            return (yield from self._continued(edit, snapshot, stop))

    def _continued(self, edit: Edit, snapshot: Snapshot, stop: threading.Event) -> Job:
        """The drag that was in flight, if there was one."""
        if snapshot.drag is None:
            return Turn()
        found = kept_drag(snapshot)
        job = DragJob(
            edit,
            snapshot.drag,
            self._room(edit.session),
            first=snapshot.first,
            resume=None if isinstance(found, Done) else found,
            kept=snapshot.kept,
        )
        return (yield from (job.over(found) if isinstance(found, Done) else job.run(stop)))

    def drag(self, request: Drag, stop: threading.Event) -> Job:
        with self._working(request.session):
            edit = self._edit(request.session)
            if self._refining.has_moved(edit.session):  # what its steps are kept against
                yield Turn(record=self._kept_whole(edit))
            first = edit.editor.position
            job = DragJob(edit, request, self._room(request.session), first=first)
            return (yield from job.run(stop))

    def seek(self, request: Seek) -> Job:
        with self._working(request.session):
            edit = self._edit(request.session)
            once_more(partial(edit.editor.seek, request.step), self._room(edit.session))
            return Turn((self._shown(edit, request.paste),), record=idle_record(edit))
        yield

    def save(self, request: Save) -> Job:
        with self._working(request.session):
            edit = self._edit(request.session)
            data = once_more(
                lambda: pack(edit.editor.saved(), edit.stamp), self._room(edit.session)
            )
            if len(data) > self._max_bytes:
                raise _too_much_to_save(len(data), self._max_bytes)
            return Turn((Saved(request.session, Blob(data), edit.editor.position),))
        yield

    def code(self, session: str, coding: Coding) -> None:
        self._codings[session] = coding
        if session in self._edits:
            self._edits[session].coding = coding

    def close(self, session: str) -> None:
        self._edits.pop(session, None)
        self._codings.pop(session, None)
        self._refining.forget(session)

    def idle(self, now: float) -> None:
        self._models.rest(now, self._in_use())

    @contextmanager
    def _working(self, session: str) -> Iterator[None]:
        """What is at work is not put aside; an edit that never got ready is forgotten."""
        self._at_work.add(session)
        try:
            yield
        finally:
            self._at_work.discard(session)
            edit = self._edits.get(session)
            if edit is not None and not edit.ready:
                del self._edits[session]

    def _edit(self, session: str) -> Edit:
        if session not in self._edits:
            raise UnknownSession("The session is not open.", hint="Open the picture again.")
        return self._edits[session]

    def _shown(self, edit: Edit, paste: Pasting = PLAIN) -> Frame:
        draw = partial(frame, edit, "result", edit.editor.position, paste=paste)
        return once_more(draw, self._room(edit.session))

    # Opening. An edit is known from its beginning, so that its model is in use.

    def _begin(self, session: str, request: Open) -> Iterator[SettingStep]:
        known = self._edits.get(session)
        if known is not None and known.ready:
            return  # memory ran out while it was refined: what is there will do
        edit, steps = begun(session, request, self._models.get(request.model), self._inversions)
        self._enter(edit)
        yield from steps

    def _reopen(self, session: str, snapshot: Snapshot) -> None:
        saved, stamp = kept_edit(snapshot)
        model = self._models.get(stamp.model)
        check_stamp(saved, stamp, model)
        edit = Edit(session, DragEditor(model.generator), stamp)
        self._enter(edit)
        edit.editor.restore(saved)

    def _enter(self, edit: Edit) -> None:
        edit.coding = self._codings.get(edit.session, edit.coding)
        self._edits[edit.session] = edit

    # Memory.

    def _patiently(self, session: str, start: Callable[[], Iterator[SettingStep]]) -> Steps:
        return through_shortage(start, self._room(session))

    def _room(self, session: str) -> Callable[[], None]:
        return partial(self._make_room, session)

    def _make_room(self, session: str) -> None:
        """Give back what the edits that are not at work, and models without any, hold of memory.

        What is refined and paused is not gone on with.
        """
        self._refining.end_all_but(self._at_work)
        for edit in self._edits.values():
            if edit.session not in self._at_work:
                edit.editor.release()
        self._models.put_aside(self._in_use())
        free_cache()

    def _in_use(self) -> list[Generator]:
        return [edit.editor.base for edit in self._edits.values()]


def _drawn(alike: Callable[[], Frame] | None) -> tuple[Frame, ...]:
    return () if alike is None else (alike(),)


def _ready(edit: Edit, *, final: bool) -> Ready:
    editor, alike = edit.editor, edit.editor.likeness
    return Ready(
        edit.session,
        editor.psnr,
        editor.quality_score,
        step=editor.position,
        last=len(editor.timeline) - 1,
        final=final,
        likeness=None if alike is None else min(1.0, alike.score),
        notes=notes_on(editor),
    )


def _check_numbers(editor: DragEditor) -> None:
    """Raises EngineFailed where what was computed is no number."""
    finite = bool(torch.isfinite(editor.state.ws).all())
    if not finite or (editor.psnr is not None and math.isnan(editor.psnr)):
        raise _no_numbers()


def _no_numbers() -> EngineFailed:
    return EngineFailed(
        "The model's numbers have grown beyond what can be computed with.",
        hint="Choose another picture or seed; if it is the same with all, import the model again.",
        code="not_finite",
    )


def _too_much_to_save(size: int, limit: int) -> LimitExceeded:
    return LimitExceeded(
        f"The edit needs {size >> 20} MiB to be saved; this daemon takes at most {limit >> 20}.",
        hint="Work on a smaller region if the edit is to be opened again later.",
    )
