"""One document's edit: its handles, its drag, its timeline; the same for every editor; stdlib."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, Callable, Optional, Sequence, Tuple

from ..crop import Crop
from ..edit import Edit
from ..errors import BadInput, ConnectionLost, NoDaemon, WireError
from ..exchange import Line
from ..messages import Frame, Image, Pasting
from .cut_off import cut_notes
from .drags import Drags
from .drawing import Drawing
from .edit_options import options_of, placed
from .edit_view import EditView, words_of_fit
from .handles import HandleSet
from .host import EditCanvas, EditedDocument
from .note import Note, read_note, write_note
from .region import Source, digest_of
from .settings import Settings
from .strokes import Strokes
from .timeline import Timeline
from .trace import Trace

CHANGED = "The picture has changed since this edit was made; its steps come on top of that."
GONE = "The daemon is gone, and what was under way with it."
GONE_HINT = "Press Drag again as soon as it is connected."


class DocumentEdit:
    """All that belongs to one document; `poll` does the work. What goes wrong stands in `view`.

    `thumbnail` makes what the timeline keeps of a step's picture; `strokes` is what the user paints
    to say what may move, where the editor's plugin lets them. `patient` drags are those of
    `EditOptions`.
    """

    def __init__(
        self,
        document: EditedDocument,
        canvas: EditCanvas,
        line: Line,
        thumbnail: Callable[[Image], Any],
        *,
        strokes: Optional[Strokes] = None,
        patient: bool = False,
    ) -> None:
        self.document = document
        self.canvas = canvas
        self.strokes = strokes or Strokes()
        self.handles = HandleSet()
        self._drags = Drags(self.handles)
        self.timeline = Timeline()
        self.edit = Edit(line, canvas)
        canvas.step_now = lambda: self.edit.status.step
        canvas.see = self._see
        self._thumbnail = thumbnail
        self._patient = patient
        self._line = line
        self._trouble: Optional[WireError] = None  # what the user has just been refused
        self._notice = ""
        self._state = "idle"
        self._revision = self._drawn  # when it was last looked at
        self._shown = 0  # the step of the newest result that can be seen
        self._noted: Optional[bytes] = None  # saved data that the document carries already
        self._paste = self._paste_next = Pasting()  # how steps come into the picture
        self._cut: Tuple[str, ...] = ()  # of the step on show, and what is to say of that
        self._cut_notes: Tuple[str, ...] = ()
        self._taken_up: Optional[Note] = None  # by which an edit is being opened again
        self.can_reopen = bool(document.read_note())

    @property
    def busy(self) -> bool:
        return self.edit.busy

    @property
    def preparing(self) -> bool:
        """Whether the picture is being opened ahead of a drag."""
        return self.edit.preparing

    # What the user asks for.

    def drag_or_stop(self, settings: Settings) -> None:
        if self.edit.busy:
            self.edit.stop()
        else:
            self._attempt(lambda: self._start(settings))

    def look(self, step: int) -> None:
        """Shows a step of the timeline; the next drag goes on from there."""
        if not self.edit.busy and self.edit.last:
            self._clear_words()
            self.canvas.dragging = False
            self.edit.look(min(max(step, 0), self.edit.last))

    def step_by(self, count: int) -> None:
        self.look(self.edit.status.step + count)

    def keep_step(self) -> None:
        """Keeps the step on show as a layer; during a drag as soon as it is over."""
        step = self.edit.status.step
        if self.edit.last or self.edit.busy:
            self._clear_words()
            self.edit.fetch((step,), self._keep)

    def fetch(self, steps: Sequence[int], receive: Callable[[Frame], None]) -> None:
        """Hands each of the steps to `receive`, in full size."""
        self._clear_words()
        self.edit.fetch(tuple(steps), receive)

    def warm(self, settings: Settings) -> None:
        """Opens the picture ahead of the first drag, where no handles are needed to choose it.

        Where that cannot be it does nothing: what is wrong is said when Drag is pressed.
        """
        if self.edit.busy or self._drags.past:
            return
        try:
            self.canvas.aim_ahead(settings)
        except WireError:
            return
        self.edit.prepare(options_of(settings, *self._part()))

    def paste(self, how: Pasting) -> None:
        """How steps come into the picture from now on; a drag that runs ends as it has begun.

        The step on show is shown anew.
        """
        self._paste_next = how
        self._follow_pasting()

    def clear_handles(self) -> None:
        self.handles.clear()

    def reopen(self, settings: Settings) -> Settings:
        """Takes up the edit that the document carries; returns the settings that it was made by."""
        self._clear_words()
        try:
            return self._reopen(settings)
        except WireError as error:
            self._trouble = error
            return settings

    def tell(self, notice: str) -> None:
        """A sentence for the message line, until the next thing happens."""
        self._trouble, self._notice = None, notice

    def refuse(self, error: WireError) -> None:
        """Says why something could not be done."""
        self._trouble, self._notice = error, ""

    def use(self, line: Line) -> None:
        """Goes on over another connection; what the old daemon knew is gone, `leave` it before."""
        self._line, self.edit = line, Edit(line, self.canvas)
        self.edit.paste(placed(self._paste, *self._part()))

    def leave(self) -> None:
        """Ends the edit, not the work on the document: its layers, handles and note stay."""
        self.edit.close()
        self._line.close()
        self.canvas.forget()
        self._drags.forget()
        self.timeline = Timeline()
        self.can_reopen = bool(self.document.read_note())

    def close(self) -> None:
        """Ends the edit: its document is gone, or the editor ends."""
        self.edit.close()
        self._line.close()
        self.document.close()

    # What happens by itself.

    def poll(self) -> None:
        self._forgive()
        self.edit.poll()
        self.canvas.settle(at_work=self.edit.busy)
        self._follow_undo()
        self._follow_reopening()
        self._follow_pasting()
        self._follow_steps()
        self._follow_cut()
        self._follow_state()
        self._keep_note()

    def _attempt(self, action: Callable[[], None]) -> None:
        self._clear_words()
        try:
            action()
        except WireError as error:
            self._trouble = error

    def _forgive(self) -> None:
        """What was refused is past once the user has drawn something else."""
        if self._drawn != self._revision:
            self._revision = self._drawn
            self._trouble = None

    def _clear_words(self) -> None:
        """Something new is asked for, with the handles as they are now."""
        self._trouble, self._notice = None, ""
        self._revision = self._drawn

    @property
    def _drawn(self) -> Tuple[int, int]:
        """Another value after every change of the handles and of what is painted."""
        return self.handles.revision, self.strokes.revision

    def _start(self, settings: Settings) -> None:
        lines, looked = self.handles.lines, self.canvas.looked_at
        if (self.canvas.step_of_layers if looked is None else looked) > self.edit.reach:
            self.canvas.forget()  # it is lost but for its picture, with which another edit begins
        shown, looked = self.canvas.aim(settings, lines), self.canvas.looked_at
        at = looked if shown is not None and looked is not None else shown
        if shown is None:
            self._drags.forget()
            self.timeline = Timeline()
        self._drags.begin(at or 0, lines)
        self.timeline.cut(at or 0)
        self.timeline.note(at or 0, [line.start for line in lines])
        self.canvas.dragging, self.canvas.pasted_anew = True, False
        self._paste = self._paste_next = settings.pasting()
        self.can_reopen = False
        options = options_of(settings, *self._part(), patient=self._patient)
        self.edit.start(options, at=at)

    def _reopen(self, settings: Settings) -> Settings:
        note = read_note(self.document.read_note())
        crop, (width, height) = note.source.crop, self.document.size
        if crop.left + crop.width > width or crop.top + crop.height > height:
            raise BadInput(
                "The document has another size than when this edit was made.",
                hint="Begin a new one: place handles and press Drag.",
            )
        self.canvas.await_reopening(note.source, note.terms, note.trace, note.picture)
        settings = note.terms.applied_to(settings)
        settings = replace(
            settings,
            source="layer" if note.source.layer else "visible",
            paste=note.paste.what,
            detail=note.paste.detail,
            seam=note.paste.seam,
        )
        self._drags.take_up(note.drags, note.lines)
        self.strokes.replace(note.strokes)
        self.timeline = Timeline()
        self._noted = note.data
        self.canvas.dragging = self.canvas.pasted_anew = False
        self._paste = self._paste_next = note.paste
        self._taken_up = note
        part = self._part(note.source)
        self.edit.paste(placed(note.paste, *part))
        self.edit.restore(options_of(settings, *part), note.data)
        return settings

    def _follow_reopening(self) -> None:
        note, opened = self._taken_up, self.canvas.opened
        if note is None or self.edit.busy:
            return
        self._taken_up = None
        if self.edit.status.state != "done" or opened is None:
            return
        self.canvas.adopt(opened, note.trace, note.step)
        self.can_reopen = False
        step = note.step if self.canvas.result_step is None else self.canvas.step_of_layers
        if step != self.edit.status.step:  # saved where the timeline ended, or its layer is hidden
            self.look(step)
        if note.look and note.look != digest_of(opened.image).hex():
            self.tell(CHANGED)

    def _follow_pasting(self) -> None:
        if self._paste_next == self._paste or self.edit.busy:
            return
        self._paste = self._paste_next
        self.edit.paste(placed(self._paste, *self._part()))
        if self._drags.past and self.edit.last:
            self.canvas.pasted_anew = True
            self.look(self.edit.status.step)
            self.tell(self.canvas.pasted_words)

    def _see(self, image: Image, step: int) -> None:
        self.timeline.see(step, self._thumbnail(image))

    def _follow_undo(self) -> None:
        """The user's undo takes results out, and redo brings them back: the timeline goes along."""
        shown, before = self.canvas.step_of_layers, self._shown
        self._shown = shown
        if shown != before and shown != self.edit.status.step:
            self.look(shown)

    def _follow_steps(self) -> None:
        status = self.edit.status
        points = [self.canvas.crop.to_document(point) for point in status.points]
        if points:
            self.timeline.note(status.step, points)
        if status.state == "done":
            side = max(self.canvas.crop.width, self.canvas.crop.height)
            self._drags.place(status.step, points, status.statuses, side=side)

    def _follow_cut(self) -> None:
        cut, opened = self.edit.status.cut, self.canvas.opened
        if cut == self._cut:
            return
        self._cut, self._cut_notes = cut, ()
        if cut and opened is not None:
            self._cut_notes = cut_notes(cut, *self._part(opened.source))

    def _part(self, source: Optional[Source] = None) -> Tuple[Crop, Crop]:
        """The crop of `source`, or of what is open, and the whole that it is a part of."""
        if source is None and self.canvas.opened is not None:
            source = self.canvas.opened.source
        if source is None:
            return self.canvas.crop, self.canvas.crop
        with suppress(BadInput):  # its layer is gone
            return source.crop, self.document.frame(source.layer)
        return source.crop, source.crop

    def _follow_state(self) -> None:
        state = self.edit.status.state
        if state != self._state and state in ("done", "failed", "idle"):
            self.canvas.dragging = False
        self._state = state

    def _keep(self, frame: Frame) -> None:
        self.canvas.keep_step(frame.image, frame.step, frame.changed)
        self.tell(self.canvas.kept_words.format(step=frame.step))

    def _keep_note(self) -> None:
        """The document carries what reopening needs, from the first result on."""
        saved, step = self.edit.saved, self.canvas.result_step
        if saved is None or saved is self._noted or step is None:
            return
        if self.edit.busy or self.edit.saved_step != step:
            return  # the data for the newest result is still to come
        note = self.note(self.canvas.trace, step)
        if note is not None:
            self._noted = saved
            self.document.write_note(write_note(note))

    def note(self, trace: Trace, step: int) -> Optional[Note]:
        """All that reopening needs, with the layers and the step that the document shows.

        None where nothing has been saved yet.
        """
        saved, opened = self.edit.saved, self.canvas.opened
        if saved is None or opened is None:
            return None
        return Note(
            opened.terms,
            opened.source,
            opened.image.format,
            self.handles.lines,
            self._drags.past,
            trace,
            step,
            saved,
            self.strokes.strokes,
            self.canvas.own_picture,
            self._paste,
            digest_of(opened.image).hex(),
        )

    # What is shown.

    def view(self) -> EditView:
        status, message, hint = self.edit.status, self.edit.status.message, self.edit.status.hint
        if isinstance(status.error, (NoDaemon, ConnectionLost)):
            # What nobody has asked for is nothing to be sorry for.
            message, hint = ("", "") if status.state == "idle" else (GONE, GONE_HINT)
        elif self._ahead and not hint:  # what the user can do now is more to the point
            message, hint = "", message
        view = EditView(
            state=status.state,
            message=self._notice or message,
            hint="" if self._notice else hint,
            fraction=status.fraction,
            handles=self._statuses(),
            selected=self.handles.selected,
            step=self._step_on_show(),
            last=self.edit.last,
            ms_per_step=status.ms_per_step,
            fit=words_of_fit(status.fit),
            likeness=status.likeness.image if status.likeness else None,
            can_reopen=self.can_reopen and not self.edit.busy,
            notes=(*status.notes, *self._cut_notes),
        )
        if self._trouble is None:
            return view
        state = view.state if self.edit.busy else "failed"
        return replace(view, state=state, message=self._trouble.sentence, hint=self._trouble.hint)

    def drawing(self, *, show_box: bool) -> Drawing:
        """What is painted over the canvas, in document points."""
        status, crop, opened = self.edit.status, self.canvas.crop, self.canvas.opened
        at_work = status.state in ("dragging", "stopping") and bool(self._drags.past)
        points = [crop.to_document(point) for point in status.points] if at_work else []
        return Drawing(
            lines=self.handles.lines,
            selected=self.handles.selected,
            points=tuple(points),
            trails=self.timeline.trails(self._drags.past[-1].base, status.step) if at_work else (),
            statuses=status.statuses if at_work else self._statuses(),
            box=_box(crop) if show_box and opened else None,
            turn=opened.terms.angle if opened else 0.0,
        )

    @property
    def _ahead(self) -> bool:
        """Whether nothing but a preparation has happened so far."""
        return self.preparing or (self.edit.status.state == "idle" and not self._drags.past)

    def _step_on_show(self) -> int:
        """Of a drag that has failed nothing is left to see."""
        if self.edit.status.state != "failed":
            return self.edit.status.step
        looked = self.canvas.looked_at
        return self.canvas.step_of_layers if looked is None else looked

    def _statuses(self) -> Tuple[str, ...]:
        failed = self.edit.status.state == "failed"
        statuses = () if failed else self.edit.status.statuses
        return self._drags.standings(self.edit.status.step, statuses)


def _box(crop: Crop) -> Tuple[float, float, float, float]:
    return crop.left, crop.top, crop.left + crop.width, crop.top + crop.height
