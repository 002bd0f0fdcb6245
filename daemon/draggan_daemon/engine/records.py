"""What is kept of an edit so that it can be restored: written and read; needs draggan.

What the journal holds of a drag in flight begins with a letter: "R", and the library's `Resume`
follows; or "D", and the drag is over but its client may not know: the account that it gets follows.
"""

from __future__ import annotations

import logging

from draggan_wire.errors import WireError
from draggan_wire.messages import MAGIC, Done, decode, encode

from draggan.drag import DragStep
from draggan.errors import BadSaved
from draggan.resume import Resume, pack_resume, unpack_resume
from draggan.saved import SavedEdit, Stamp, pack, unpack
from draggan.step_record import pack_step, with_steps

from ..worker import Record, Snapshot
from .edit import Edit

log = logging.getLogger("draggand.engine")

UNRECORDED = 16  # frames that may have been sent since the last record
_RESUME, _DONE = b"R", b"D"


def opening_record(edit: Edit) -> Record:
    """All of a fresh edit."""
    base = pack(edit.editor.saved(), edit.stamp, exact=True)
    return Record(base=base, step=edit.editor.position, frames=edit.frames)


def step_record(edit: Edit, step: DragStep, first: int) -> Record:
    """A step of a drag that set out from `first`."""
    resume = None if step.resume is None else _RESUME + pack_resume(step.resume)
    latent = _latent(edit, step.index, first)
    return Record(step=step.index, latent=latent, resume=resume, frames=edit.frames)


def done_record(edit: Edit, index: int, first: int, done: Done) -> Record:
    """The last step, and what remains to be said of the drag."""
    said = _DONE + b"".join(bytes(part) for part in encode(done)[1:])
    latent = _latent(edit, index, first)
    return Record(step=index, latent=latent, resume=said, frames=edit.frames)


def idle_record(edit: Edit) -> Record:
    """Where the edit is while no drag is in flight."""
    return Record(step=edit.editor.position, resume=b"", frames=edit.frames)


def _latent(edit: Edit, index: int, first: int) -> bytes | None:
    if index <= first:
        return None  # the step from which the drag sets out has its record
    states = edit.editor.timeline
    return pack_step(states[index], states[index - 1])


def kept_edit(snapshot: Snapshot) -> tuple[SavedEdit, Stamp]:
    """The edit that was kept, and what it was made with. Raises BadSaved."""
    edit, stamp = unpack(snapshot.base)
    return with_steps(edit, snapshot.steps, position=snapshot.position), stamp


def kept_drag(snapshot: Snapshot) -> Resume | Done | None:
    """How far the drag in flight had come. None: no further than its start, or what is kept of it
    is damaged or of another drag; then it begins again, and comes to the same end."""
    kind, data = (snapshot.resume or b"")[:1], (snapshot.resume or b"")[1:]
    try:
        if kind == _RESUME:
            resume = unpack_resume(data)
            return resume if snapshot.first + resume.index <= snapshot.position else None
        if kind == _DONE:
            done = decode([MAGIC, data]).message
            ended = isinstance(done, Done) and snapshot.first + done.steps == snapshot.position
            return done if isinstance(done, Done) and ended else None
    except (BadSaved, WireError) as error:
        log.warning("%s (a drag begins again)", error.sentence)
    return None
