"""Carries a job to the daemon and its result into the folder; never torch.

Ctrl+C ends the work in good order: a drag after its current step, with all that is there written
out; the reading of a picture at once, as there is nothing to keep. A second Ctrl+C leaves at once.
"""

from __future__ import annotations

import sys
import time

from draggan_wire.client import Client
from draggan_wire.crop import Crop
from draggan_wire.edit import Edit, EditOptions, EditStatus
from draggan_wire.messages import Done, DragSettings, Frame
from draggan_wire.workbench.edit_options import placed
from draggan_wire.workbench.region import digest_of

from draggan.cli.canvas import FolderCanvas
from draggan.cli.daemon import connect
from draggan.cli.edit_file import write_edit
from draggan.cli.interrupts import Interrupts
from draggan.cli.job import Job, check_job, handles_that_the_mask_holds, keep_every
from draggan.cli.progress import Progress
from draggan.cli.results import REOPENED, HandleEnd, Outcome, summary, write_results

INTERRUPTED = 130

_PAUSE = 0.03  # seconds between two looks at the daemon's answers
_SAVING = 30.0  # seconds that the daemon has to give what is to be saved
_PREVIEW_MS = 500  # previews only tell where the handles are: few and tiny
_PREVIEW_SIDE = 16
_LIKENESS = "How well the model knows it"
_CHANGED = (
    "Note: this is not the very picture that was dragged; what moved then is put on top of it. "
    "Name that one if you still have it."
)
_POOR = (
    "Note: the drag goes on, and model.png will show what the model sees. Let it see what it knows "
    "with --crop and --turn, try --quality best, or choose another --model."
)


def run_job(job: Job) -> int:
    """Checks, works, writes and tells; returns the exit code."""
    crop = check_job(job)
    with Interrupts() as interrupts, Progress(sys.stderr) as progress:
        for note in job.picture.notes:
            progress.note(f"Note: {note}")
        for point in handles_that_the_mask_holds(job):
            progress.note(f"Note: the handle {point} starts where the mask lets nothing move.")
        outcome = _outcome(job, crop, progress, interrupts)
        if outcome is None:
            progress.note("Stopped before anything had moved: nothing was written.")
            return INTERRUPTED
        progress.show("Writing the results")
        paths = write_results(job, outcome)
    for line in summary(job, outcome, paths):
        print(line)
    return INTERRUPTED if interrupts.requested else 0


def _outcome(job: Job, crop: Crop, progress: Progress, interrupts: Interrupts) -> Outcome | None:
    """What the drag has led to, or None when it was stopped before it began. Raises WireError."""
    client = connect(job.options.endpoint, progress=progress, interrupts=interrupts)
    try:
        return _edit(job, crop, client, progress, interrupts)
    finally:
        client.close()


def _edit(
    job: Job, crop: Crop, client: Client, progress: Progress, interrupts: Interrupts
) -> Outcome | None:
    canvas = FolderCanvas(job, crop)
    edit = Edit(client, canvas)
    canvas.points_now = lambda: edit.status.points
    options = _edit_options(job, crop)
    edit.paste(options.paste)
    try:
        if job.saved is None:
            edit.start(options)
        else:
            if job.saved.look not in ("", digest_of(canvas.read_image()).hex()):
                progress.note(_CHANGED)
            edit.restore(options, job.saved.data)
        _work(edit, progress, interrupts)
        if job.saved is not None and edit.status.state == "done":
            if not job.handles:
                return _as_it_was(canvas, edit, progress)
            edit.start(options, at=edit.status.step)
            _work(edit, progress, interrupts)
        done = edit.status.outcome
        if done is None or canvas.result is None or (interrupts.requested and not done.steps):
            return None
        progress.remark(canvas.notes_on(edit.status.cut))
        _save(job, crop, canvas, edit, progress)
        return _collect(canvas, done, edit.status)
    finally:
        edit.close()


def _work(edit: Edit, progress: Progress, interrupts: Interrupts) -> None:
    """Until the edit rests. Raises WireError where it has failed."""
    stopped = False
    while edit.busy:
        edit.poll()
        _tell(edit.status, progress)
        if interrupts.requested and not stopped:
            edit.stop()
            stopped = True
        time.sleep(_PAUSE)
    if edit.status.error is not None:
        raise edit.status.error


def _as_it_was(canvas: FolderCanvas, edit: Edit, progress: Progress) -> Outcome | None:
    """The step at which an edit of another day stands, pasted as it is wanted now."""
    frames: list[Frame] = []
    edit.fetch([edit.status.step], frames.append)
    while edit.to_fetch:
        progress.show("Pasting")
        edit.poll()
        time.sleep(_PAUSE)
    if edit.status.error is not None:
        raise edit.status.error
    if not frames:
        return None
    progress.remark(canvas.notes_on(frames[0].cut))
    status, shown = edit.status, canvas.patch(frames[0].image)
    return Outcome(shown, (), (), REOPENED, frames[0].step, 0.0, *_fit(status))


def _fit(status: EditStatus) -> tuple[float | None, float | None]:
    """How near the model came, in dB, and how well it knows the picture."""
    return (status.fit.psnr, status.fit.likeness) if status.fit else (None, None)


def _save(job: Job, crop: Crop, canvas: FolderCanvas, edit: Edit, progress: Progress) -> None:
    """Keeps the edit where that was asked for; if it cannot be had, a note says so."""
    path, deadline = job.options.save, time.monotonic() + _SAVING
    if path is None:
        return
    progress.show("Saving the edit")
    while edit.saving and time.monotonic() < deadline:
        edit.poll()
        time.sleep(_PAUSE)
    if edit.saving or edit.saved is None or edit.saved_step != edit.last:
        progress.note(f"Note: the daemon has not given the edit, so {path} was not written.")
        return
    write_edit(
        path,
        edit.saved,
        step=edit.saved_step,
        options=job.options,
        crop=crop,
        image=canvas.read_image(),
        handles=job.handles,
    )
    again = f"draggan reopen {path} {job.path or job.name}"
    progress.note(f"The edit is kept in {path}: `{again}` goes on.")


def _edit_options(job: Job, crop: Crop) -> EditOptions:
    options = job.options
    return EditOptions(
        model=options.model,
        quality=options.quality,
        settings=DragSettings(preset=options.preset, steps=options.steps),
        preview_every_ms=_PREVIEW_MS,
        preview_max_side=_PREVIEW_SIDE,
        keep_every=keep_every(options, crop),
        paste=placed(options.pasting, crop, Crop(0, 0, *job.picture.size)),
        angle=options.turn,
        patient=options.quality != "fast",  # nobody looks on who might drag meanwhile
    )


def _tell(status: EditStatus, progress: Progress) -> None:
    _tell_likeness(status, progress)
    progress.remark(status.notes)
    if status.state == "opening" and status.fit is not None and status.fraction is not None:
        return  # all of that has been read
    if status.state == "opening":
        done = "" if status.fraction is None else f"{status.fraction:.0%}"
        progress.show(status.message.partition(":")[0].rstrip("."), done)
    elif status.state == "dragging":
        _tell_drag(status, progress)
    elif status.state == "stopping":
        progress.show("Stopping")


def _tell_likeness(status: EditStatus, progress: Progress) -> None:
    """As soon as it is known, and again where a closer look has changed it."""
    verdict = status.fit.verdict if status.fit else ""
    if not verdict or progress.told(_LIKENESS, verdict):
        return
    progress.settle(_LIKENESS, verdict)
    if verdict.startswith("poor"):
        progress.note(_POOR)


def _tell_drag(status: EditStatus, progress: Progress) -> None:
    if status.distances:
        left = f"step {status.step}, {max(status.distances):.1f} px to go"
        progress.show("Dragging", left)
    else:
        progress.show("Dragging")


def _collect(canvas: FolderCanvas, done: Done, status: EditStatus) -> Outcome:
    assert canvas.result is not None
    psnr, likeness = _fit(status)
    ends = tuple(
        HandleEnd(canvas.to_picture([(end.x, end.y)])[0], end.status, end.distance)
        for end in done.handles
    )
    return Outcome(
        result=canvas.result,
        kept=tuple(canvas.kept),
        ends=ends,
        reason=done.reason,
        steps=done.steps,
        ms_per_step=done.ms_per_step,
        psnr=psnr,
        likeness=likeness,
        seen=canvas.decoded(status.likeness.image) if status.likeness else None,
    )
