"""One edit from the press of "Drag" to the result, the same for every host; stdlib only.

    edit = Edit(client, canvas)
    edit.start(EditOptions(model="critters"))
    ...                                     # from a timer, every 30 ms or so:
    edit.poll()
    label.setText(edit.status.message)

The states and what leads from one to the next:

    idle -> connecting -> opening -> dragging -> done
              |             |          |  `-> stopping -> done
              `-------------+----------+-----> failed      (and `start` again from done, failed)

Opening (inversion) is the costly verb and happens once per picture: a picture whose very pixels the
session knows, the opened one or any result of its timeline, is dragged at once, and a session that
the daemon has forgotten is opened from what was saved of it. Between drags the timeline's steps can
be looked at and fetched (`edit_errands`).
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Any, Callable, Optional, Sequence, Set, Union

from .canvas import Canvas
from .client import Connected, Event, Lost, Refused
from .edit_errands import Errands, Receive
from .edit_pictures import Pictures
from .edit_report import Report
from .edit_status import EditOptions, EditStatus, forgotten, mishap, no_answer, no_steps
from .edit_task import DragTask, RestoreTask, read_drag
from .edit_timeline import SavedTimeline, Timeline
from .errors import UnknownSession, WireError
from .exchange import Channel
from .messages import (
    Blob,
    Close,
    Closed,
    Credit,
    Done,
    Envelope,
    Error,
    Frame,
    Message,
    Open,
    Opened,
    Progress,
    Ready,
    Seek,
    State,
    Stop,
    Welcome,
)

__all__ = ["CREDIT", "PATIENCE", "Edit", "EditOptions", "EditStatus"]

PATIENCE = 5.0  # seconds without a connection before an edit fails
CREDIT = 2  # previews under way at once: one being drawn, one travelling


class Edit:
    """Drives one document's edits through a client. To be used by one thread, the host's own.

    The edit polls its client: give each edit a client of its own, or a line of an `Exchange`.
    Nothing here raises; what goes wrong stands in `status`.
    """

    def __init__(
        self, client: Channel, canvas: Canvas, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._canvas = canvas
        self._clock = clock
        self._timeline = Timeline()
        self._report = Report(clock)
        self._pictures = Pictures(canvas, self._timeline, self._report)
        self._errands = Errands(client, self._timeline, looked=self._look_at, failed=self._tell)
        self._task: Union[DragTask, RestoreTask, None] = None
        self._next: Optional[Callable[[], None]] = None  # what waits for the session to be free
        self._request: Optional[int] = None  # the open, seek or drag that is being answered
        self._doing = ""  # which of the three it is
        self._goal = 0  # the step that is sought
        self._source: Optional[SavedTimeline] = None  # what is opened in place of the picture
        self._asked: Set[int] = set()  # requests whose refusal ends the edit
        self._welcome: Optional[Welcome] = None  # of the connection that the edit works on
        self._alone_since: Optional[float] = None
        self._trouble: Optional[WireError] = None  # why there is no connection
        self._polling = False

    @property
    def status(self) -> EditStatus:
        """How it stands; a new value with each change."""
        return self._report.status

    @property
    def busy(self) -> bool:
        """Whether an edit is under way, so that "Drag" should read "Stop"."""
        return self.status.state in ("connecting", "opening", "dragging", "stopping")

    @property
    def last(self) -> int:
        """The last step of the timeline, 0 without a session."""
        return self._timeline.last

    @property
    def saved(self) -> Optional[bytes]:
        """The newest data for `restore`, asked for after each opening and each drag."""
        return self._timeline.saved.data if self._timeline.saved else None

    @property
    def saved_step(self) -> int:
        """The step at which `saved` stands."""
        return self._timeline.saved.step if self._timeline.saved else 0

    @property
    def to_fetch(self) -> int:
        """How many frames `fetch` has still to hand over; 0 also after a failure."""
        return self._errands.to_fetch

    def start(self, options: EditOptions, *, at: Optional[int] = None) -> None:
        """Reads the canvas and begins; while busy it does nothing.

        `at` is the step to go on from, if the canvas still holds the very picture that was opened;
        None: the step whose picture it holds.
        """
        self._begin(lambda: read_drag(self._canvas, options, at))

    def restore(self, options: EditOptions, data: bytes) -> None:
        """Opens what was `saved` on another day, with the options of then, and shows its step.

        While busy it does nothing. The edit that was open is closed.
        """
        self._begin(lambda: RestoreTask(options, bytes(data)))

    def look(self, step: int) -> None:
        """Shows a step of the timeline as a preview; the newest wish wins, none while busy."""
        if not self.busy and self._timeline.session:
            self._errands.look(step)
            self._guard(self._go_on)

    def fetch(self, steps: Sequence[int], receive: Receive) -> None:
        """Hands over the frames of some steps in full size, one after the other.

        They wait for a running drag, and the next drag for them. Any failure ends them all, with
        words in `status`.
        """
        if self._task is None or not (self.busy or self._timeline.session):
            self._tell(no_steps())
            return
        options = self._task.options
        self._errands.fetch(steps, partial(self._pictures.hand_over, receive, options))
        self._guard(self._go_on)

    def stop(self) -> None:
        """Ends the drag after its current step and keeps what is there; ends an opening at once."""
        if self._next is not None:
            self._next = None
            self._report.change("idle", "Stopped.")
        elif self.status.state in ("opening", "dragging"):
            self._report.change("stopping", "Stopping...")
            if self._timeline.session:  # else it is asked for as soon as the session has a name
                self._guard(self._ask, Stop(session=self._timeline.session))

    def close(self) -> None:
        """Gives the session back to the daemon; the client stays open."""
        self._guard(self._give_back)
        self._rest()
        if self.busy:
            self._report.change("idle", "")

    def poll(self) -> None:
        """Takes in what has happened; call it from a timer."""
        if self._polling:  # a canvas at work may let the host's timers run
            return
        self._polling = True
        try:
            for event in self._client.poll():
                self._guard(self._take, event)
            self._guard(self._go_on)
        finally:
            self._polling = False
        waited = self._clock() - self._alone_since if self._alone_since is not None else 0.0
        if self.busy and waited > PATIENCE:
            self._fail(self._trouble or no_answer())

    # Beginning.

    def _begin(self, read: Callable[[], Union[DragTask, RestoreTask]]) -> None:
        if self.busy:
            return
        self._errands.look_no_more()
        self._asked.clear()
        self._report.asked(last=self.last)
        self._guard(self._wait, read)

    def _wait(self, read: Callable[[], Union[DragTask, RestoreTask]]) -> None:
        """Until there is a connection, and the session has nothing else to do."""
        self._task = read()
        self._next = self._proceed
        if self._client.welcome:
            self._report.change("connecting", "Finishing what was asked for before...")
        else:
            self._report.change("connecting", "Connecting to the daemon...")
            self._alone_since = self._clock()
        self._go_on()

    def _go_on(self) -> None:
        """Whatever is to be done next, if the session has nothing to do."""
        welcome = self._client.welcome
        if welcome is None:
            return
        self._meet(welcome)
        if self.busy and self._next is None:
            return
        if not self._errands.ask_next() and self._next is not None:
            step, self._next = self._next, None
            step()

    def _proceed(self) -> None:
        """Open the picture, unless the session knows it or can be had back; then drag."""
        task = self._task
        if isinstance(task, RestoreTask):
            self._open_saved(task.data, task.options)
        elif task:
            base = self._timeline.base(task.fingerprint, task.at)
            saved = self._timeline.saved
            if base is not None:
                self._go_to(base)
            elif saved and task.fingerprint in saved.steps and not task.anew:
                self._open_saved(saved.data, task.options)
                self._source = saved
            else:
                self._open(task.opening(), "Sending the picture...")

    def _open_saved(self, data: bytes, options: EditOptions) -> None:
        opening = Open(model=options.model, quality=options.quality, saved=Blob(data))
        self._open(opening, "Sending the saved edit...")

    def _open(self, opening: Open, words: str) -> None:
        self._give_back()
        self._source = None
        self._report.opening(words)
        self._do("open", opening)

    def _go_to(self, step: int) -> None:
        if step == self._timeline.position:
            self._arrived()
        elif self._timeline.session:
            self._goal = step
            self._report.change("opening", f"Going to step {step}...")
            self._do("seek", Seek(session=self._timeline.session, step=step))

    def _arrived(self) -> None:
        """The session stands where it should."""
        if self.status.state == "stopping":
            self._report.change("idle", "Stopped.")
        elif isinstance(self._task, RestoreTask):
            self._timeline.keep(self._task.data, self.status.step)
            self._report.change("done", "The edit is open again.")
        elif self._task:
            self._drag(self._task)

    def _drag(self, task: DragTask) -> None:
        base, session = self._timeline.position, self._timeline.session
        assert base is not None and session is not None
        self._timeline.grow_from(base)
        self._report.dragging(base)
        self._do("drag", task.dragging(session))

    # What comes back.

    def _take(self, event: Event) -> None:
        if isinstance(event, Connected):
            if self._client.welcome:  # else it is lost again already
                self._alone_since = self._trouble = None
                self._meet(self._client.welcome)
        elif isinstance(event, (Lost, Refused)):
            self._disconnected(event)
        elif self._errands.take(event):
            pass
        elif isinstance(event.message, Error):
            if event.re is None or event.re in self._asked:
                self._refused(event.message)
        elif isinstance(event.message, Opened):
            self._opened(event.message, current=event.re == self._request)
        elif self._timeline.session and _session_of(event.message) == self._timeline.session:
            self._answered(event, current=event.re == self._request)

    def _answered(self, event: Envelope, *, current: bool) -> None:
        """A message of our session's."""
        message = event.message
        if isinstance(message, Frame):
            self._framed(message, current=current)
        elif isinstance(message, Closed):
            self._closed()
        elif not current:
            return
        elif isinstance(message, State) and message.state == "queued":
            self._report.say("Waiting for another edit to finish...")
        elif isinstance(message, Progress):
            self._report.progress(message)
        elif isinstance(message, Ready):
            self._ready(message)
        elif isinstance(message, Done):
            self._done(message)

    def _meet(self, welcome: Welcome) -> None:
        """There is a connection that the edit does not know yet; or it does."""
        if welcome is self._welcome:
            return
        self._welcome = welcome
        self._errands.interrupted()
        session = self._timeline.session
        if session and session not in welcome.resumed:
            self._forget_session()
            if self.status.state in ("opening", "dragging", "stopping"):
                self._fail(forgotten())
        elif session:
            self._client.send(Credit(session=session, n=CREDIT))
            if self._doing == "seek":  # which may have been lost
                self._rest(then=partial(self._go_to, self._goal))
        elif self._doing == "open":  # lost before the session had a name
            self._rest(then=self._proceed)
            if self.status.state == "stopping":
                self.stop()

    def _disconnected(self, event: Union[Lost, Refused]) -> None:
        self._trouble = event.error
        if self._alone_since is None:
            self._alone_since = self._clock()
        if isinstance(event, Refused) and self.busy:
            self._fail(event.error)
        elif self.busy and self.status.state != "connecting":
            self._report.say("The connection is gone; trying again...")

    def _refused(self, message: Error) -> None:
        error, doing = message.exception(), self._doing
        if isinstance(error, UnknownSession) or doing == "open":
            self._forget_session()
        elif doing == "seek":  # the two sides disagree about the timeline
            self._give_back()
        in_vain = self._source is not None and self.status.state == "opening"
        if doing == "open" and in_vain and isinstance(self._task, DragTask):
            self._source, self._task = None, replace(self._task, anew=True)
            self._rest(then=self._proceed)
        elif self.busy:
            self._fail(error)

    def _opened(self, message: Opened, *, current: bool) -> None:
        if not current:  # nobody waits for it any more
            self._client.send(Close(session=message.session))
            return
        self._timeline.session = message.session
        if self.status.state == "stopping":
            self._ask(Stop(session=message.session))
            return
        self._client.send(Credit(session=message.session, n=CREDIT))
        self._report.change("opening", "Looking at the picture...")

    def _closed(self) -> None:
        self._forget_session()
        if self.status.state == "stopping":
            self._report.change("idle", "Stopped.")
        elif self.busy:
            self._fail(forgotten())

    def _ready(self, message: Ready) -> None:
        self._rest()
        self._report.ready(message)
        if isinstance(self._task, DragTask):
            known = self._source.steps if self._source else {self._task.fingerprint: 0}
            self._timeline.opened(known, position=message.step, last=message.last)
            if not self._source:
                self._errands.save()
            self._next = self._proceed
        else:  # the opened picture is to be known when it is met again
            self._timeline.opened({}, position=message.step, last=message.last)
            self._next = partial(self._go_to, 0)
        if self.status.state == "stopping":
            self.stop()

    def _done(self, message: Done) -> None:
        self._rest()
        self._report.done(message)
        self._errands.save()

    def _framed(self, frame: Frame, *, current: bool) -> None:
        task = self._task
        try:
            if current and self._doing == "seek":
                self._sought(frame)
            elif current and self._doing == "drag" and isinstance(task, DragTask):
                self._pictures.drag(frame, task)
            elif current and isinstance(task, RestoreTask) and frame.kind == "result":
                self._pictures.reopened(frame, task.options)
        finally:
            if frame.kind == "preview":  # drawn, or too late to be: another one may come
                self._client.drawn(frame)

    def _sought(self, frame: Frame) -> None:
        self._rest()
        self._timeline.position = frame.step
        if isinstance(self._task, RestoreTask):
            self._pictures.mark(frame, self._task.options)
        self._arrived()

    def _look_at(self, frame: Frame) -> None:
        if not self.busy:
            self._pictures.look(frame)

    def _tell(self, error: WireError) -> None:
        """A look or a fetch went wrong."""
        if isinstance(error, UnknownSession):
            self._forget_session()
        self._report.trouble(error)

    def _fail(self, error: WireError) -> None:
        """Ends the edit with words; a drag that still runs is stopped, the preview taken away."""
        running = self.status.state in ("opening", "dragging") and self._timeline.session
        self._rest()
        self._report.failed(error)
        if running and self._client.welcome:
            self._guard(self._client.send, Stop(session=running))
        self._guard(self._canvas.clear_preview)

    # Small change.

    def _do(self, doing: str, message: Message) -> None:
        self._doing = doing
        self._request = self._ask(message)

    def _rest(self, *, then: Optional[Callable[[], None]] = None) -> None:
        """Nothing is being answered any more; `then` is what waits for the session to be free."""
        self._request, self._doing, self._next = None, "", then

    def _ask(self, message: Message) -> int:
        number = self._client.send(message)
        self._asked.add(number)
        return number

    def _give_back(self) -> None:
        session = self._timeline.session
        self._forget_session()
        if session:
            self._client.send(Close(session=session))

    def _forget_session(self) -> None:
        self._timeline.forget()
        self._errands.forget(forgotten())
        self._report.forgotten()

    def _guard(self, action: Callable[..., Any], *values: Any) -> None:
        """Runs what may fail; the first failure becomes the edit's, later ones are its echo."""
        try:
            action(*values)
        except Exception as error:
            if self.status.state != "failed":
                self._fail(error if isinstance(error, WireError) else mishap(error))


def _session_of(message: Message) -> Optional[str]:
    session: Optional[str] = getattr(message, "session", None)
    return session
