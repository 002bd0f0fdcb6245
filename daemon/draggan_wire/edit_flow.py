"""How an edit opens, goes to a step, drags and ends: what follows on what; stdlib only.

The states and what leads from one to the next:

    idle -> connecting -> opening -> dragging -> done
              |             |          |  `-> stopping -> done
              `-------------+----------+-----> failed      (and again from done, failed)

A picture can be opened ahead of the drag, which ends in idle; a drag of the same picture then takes
over what is being opened.

Opening (inversion) is the costly verb and happens once per picture: a picture whose very pixels the
session knows, the opened one or any result of its timeline, is dragged at once, and a session that
the daemon has forgotten is opened from what was saved of it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Callable, Mapping, Optional, Set, Tuple

from .edit_errands import Errands
from .edit_pictures import Pictures
from .edit_report import Report
from .edit_status import EditOptions, forgotten, other_size
from .edit_task import DragTask, PictureTask, RestoreTask, Task
from .edit_timeline import SavedTimeline, Timeline
from .errors import UnknownSession, WireError
from .exchange import Channel
from .messages import (
    FLEETING,
    Blob,
    Close,
    Closed,
    Credit,
    Done,
    Envelope,
    Error,
    Frame,
    Image,
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


class Flow:
    """One edit's way through its states. What the client or the canvas raises is passed on."""

    def __init__(
        self,
        client: Channel,
        timeline: Timeline,
        report: Report,
        pictures: Pictures,
        errands: Errands,
    ) -> None:
        self._client = client
        self._timeline = timeline
        self._report = report
        self._pictures = pictures
        self._errands = errands
        self._task: Optional[Task] = None
        self._next: Optional[Callable[[], None]] = None  # what waits for the session to be free
        self._request: Optional[int] = None  # the open, seek or drag that is being answered
        self._doing = ""  # which of the three it is
        self._source: Optional[SavedTimeline] = None  # what is opened in place of the picture
        self._anew = False  # saved data have been refused: the picture itself is to be opened
        self._asked: Set[int] = set()  # requests whose refusal ends the edit
        self._stopped: Optional[int] = None  # the latest request to stop
        self._given_up = False  # the daemon may be at something that nobody waits for any more
        self._welcome: Optional[Welcome] = None  # of the connection that the edit works on

    @property
    def waiting(self) -> bool:
        """Whether something is to be done as soon as the session is free."""
        return self._next is not None

    def begin(self, task: Task) -> None:
        """A task for `go_on`, as soon as there is a connection and the session is free."""
        ahead = isinstance(task, PictureTask) and not isinstance(task, DragTask)
        if self._opens_already(task):
            self._task, self._report.preparing = task, ahead
            return
        if self._report.preparing:  # given up
            self._report.asked(last=self._timeline.last)
        self._asked.clear()
        self._task, self._report.preparing, self._anew = task, ahead, False
        self._rest(then=self._proceed)
        connected = self._client.welcome is not None
        words = "Finishing what was asked before..." if connected else "Connecting to the daemon..."
        self._report.change("connecting", words)

    def knows(self, task: PictureTask) -> bool:
        """Whether a drag of the picture needs no opening any more."""
        return self._opens_already(task) or self._timeline.base(task.fingerprint, None) is not None

    def _opens_already(self, task: Task) -> bool:
        """Whether the task's picture is the very one that is being opened ahead."""
        now = self._task
        if not (isinstance(now, PictureTask) and isinstance(task, PictureTask)):
            return False
        ahead = self._report.preparing and self._report.status.state in ("connecting", "opening")
        return ahead and now.fingerprint == task.fingerprint

    def go_on(self) -> None:
        """The session is free for what waits."""
        step, self._next = self._next, None
        if step is not None:
            step()

    def stop(self) -> None:
        """Ends a drag after its current step, an opening at once, and what waits right here."""
        if self.waiting:
            self._rest()
            self._report.change("idle", "Stopped.")
        elif self._report.status.state in ("opening", "dragging"):
            self._report.change("stopping", "Stopping...")
            self._send_stop()  # without a session as soon as it has a name

    def close(self) -> None:
        """The daemon may forget the session."""
        self._rest()
        if self._report.at_work:
            self._report.change("idle", "")
        self._give_back()

    def fail(self, error: WireError) -> None:
        """Ends the edit with words; a drag that still runs is stopped, the preview taken away."""
        running = self._report.status.state in ("opening", "dragging") and self._timeline.session
        self._given_up = self._client.welcome is None and bool(self._doing)
        self._rest()
        self._report.failed(error)
        if running and self._client.welcome:
            with suppress(WireError):
                self._client.send(Stop(session=running))
        self._pictures.clear()

    def forget_session(self) -> None:
        """The daemon has no such session any more."""
        self._timeline.forget()
        self._errands.forget(forgotten())
        self._report.forgotten()

    def meet(self, welcome: Welcome) -> None:
        """There is a connection, perhaps another one than before."""
        if welcome is self._welcome:
            return
        self._welcome = welcome
        self._errands.interrupted()
        if self._given_up:  # it may have gone on all the while: what was saved is opened anew
            self._given_up = False
            self._give_back()
        session = self._timeline.session
        if session and session not in welcome.resumed:
            self.forget_session()
            if self._report.status.state in ("opening", "dragging", "stopping"):
                self.fail(forgotten())
        elif session:
            self._client.send(Credit(session=session, n=self._client.credit))
            if self._doing in ("seek", "drag"):  # which goes on, or was lost on its way
                self._errands.probe()
            if self._report.status.state in ("opening", "dragging"):
                self._report.say("The connection is back; going on...")
        elif self._doing == "open":  # lost before the session had a name
            self._again()

    def found_idle(self) -> None:
        """The session has nothing to do, and all that it had to say has come."""
        if self._doing in ("seek", "drag"):
            self._again()

    # Towards the drag.

    def _proceed(self) -> None:
        """Open the picture, unless the session knows it or can be had back; then drag."""
        task = self._task
        if isinstance(task, RestoreTask):
            self._open_saved(task.data, task.image, task.options)
        elif task:
            at = task.at if isinstance(task, DragTask) else None
            base = self._timeline.base(task.fingerprint, at)
            saved = self._timeline.saved
            if base is not None:
                self._go_to(base)
            elif saved and task.fingerprint in saved.steps and not self._anew:
                self._open_saved(saved.data, saved.picture, task.options)
                self._source = saved
            else:
                self._open(task.opening(), task.options, "Sending the picture...")

    def _open_saved(self, data: bytes, image: Optional[Image], options: EditOptions) -> None:
        opening = Open(model=options.model, quality=options.quality, image=image, saved=Blob(data))
        self._open(opening, options, "Sending the saved edit...")

    def _open(self, opening: Open, options: EditOptions, words: str) -> None:
        self._give_back()
        self._source, self._timeline.options = None, options
        self._report.opening(words)
        self._do("open", opening)

    def _go_to(self, step: int) -> None:
        session = self._timeline.session
        if step == self._timeline.position:
            self._arrived()
        elif session:
            self._report.change("opening", f"Going to step {step}...")
            self._do("seek", Seek(session=session, step=step, paste=self._timeline.paste))

    def _arrived(self) -> None:
        """The session stands where it should."""
        if isinstance(self._task, RestoreTask):
            self._timeline.keep(self._task.data, self._report.status.step)
            self._report.change("done", "The edit is open again.")
        elif not isinstance(self._task, DragTask):
            self._report.prepared()
        elif self._task.options.patient and self._report.looks_closer():
            self._rest(then=self._arrived)  # until the final ready has come
        else:
            self._drag(self._task)

    def _drag(self, task: DragTask) -> None:
        base, session = self._timeline.position, self._timeline.session
        assert base is not None and session is not None
        self._timeline.grow_from(base)
        self._timeline.paste = task.options.paste
        self._report.dragging(base)
        self._do("drag", task.dragging(session))

    # What comes back.

    def take(self, event: Envelope) -> None:
        """An answer of the daemon's; others' are left alone."""
        message, current = event.message, event.re is not None and event.re == self._request
        session: Optional[str] = getattr(message, "session", None)
        if isinstance(message, Error):
            if event.re is None or event.re in self._asked:
                self._refused(message.exception())
        elif isinstance(message, Opened):
            self._opened(message, current=current)
        elif session is None or session != self._timeline.session:
            return
        elif isinstance(message, Frame):
            self._framed(message, current=current)
        elif isinstance(message, Closed):
            self._closed()
        elif isinstance(message, State):
            stopped = event.re is not None and event.re == self._stopped
            self._state(message.state, current=current, stopped=stopped)
        elif isinstance(message, Ready) and not current:
            self._learned(message)
        elif current:
            self._advanced(message)

    def _advanced(self, message: Message) -> None:
        if isinstance(message, Progress):
            self._report.progress(message)
        elif isinstance(message, Ready):
            self._ready(message)
        elif isinstance(message, Done):
            self._rest()
            self._report.done(message)
            self._errands.save(self._timeline.last)

    def _refused(self, error: WireError) -> None:
        doing, opening = self._doing, self._report.status.state == "opening"
        if isinstance(error, UnknownSession) or doing == "open":
            self.forget_session()
        elif doing == "seek":  # the two sides disagree about the timeline
            self._give_back()
        if doing == "open" and opening and self._source and isinstance(self._task, PictureTask):
            self._anew = True
            self._rest(then=self._proceed)
        elif self._report.at_work:
            self.fail(error)

    def _opened(self, message: Opened, *, current: bool) -> None:
        if not current:  # nobody waits for it any more
            self._client.send(Close(session=message.session))
            return
        self._timeline.session = message.session
        if self._report.status.state == "stopping":
            self._send_stop()
            return
        if self._is_of_another_size(message):
            self.fail(other_size(message.width, message.height))
            self._give_back()
            return
        self._client.send(Credit(session=message.session, n=self._client.credit))
        self._report.change("opening", "Looking at the picture...")

    def _is_of_another_size(self, message: Opened) -> bool:
        """Whether what the model makes up is not as large as the canvas."""
        task = self._task
        if not isinstance(task, PictureTask) or task.options.seed is None:
            return False
        return (message.width, message.height) != (task.image.width, task.image.height)

    def _closed(self) -> None:
        self.forget_session()
        if self._report.status.state == "stopping":
            self._rest()
            self._report.change("idle", "Stopped.")
        elif self._report.at_work:
            self.fail(forgotten())

    def _state(self, state: str, *, current: bool, stopped: bool) -> None:
        if current and state == "queued":
            self._report.say("Waiting for another edit to finish...")
        elif stopped and state == "idle":  # over, with its last word on the way, or lost
            self._errands.probe()

    def _again(self) -> None:
        """What is being done was lost on its way to the daemon."""
        stopping = self._report.status.state == "stopping"
        self._rest(then=self._proceed)
        if stopping:
            self.stop()

    def _ready(self, message: Ready) -> None:
        self._report.ready(message)
        step, last = message.step, message.last
        known, picture = self._known()
        self._timeline.opened(known, picture, position=step, last=last)
        if isinstance(self._task, PictureTask) and not self._source:
            self._errands.save(step)
        self._rest(then=self._onward)
        if self._report.status.state == "stopping":
            self.stop()

    def _learned(self, message: Ready) -> None:
        """The final ready of what can be dragged for long: what is saved is to know of it."""
        position = self._timeline.position
        if self._report.learned(message) and not self._report.at_work and position is not None:
            self._errands.save(position)

    def _known(self) -> Tuple[Mapping[str, int], Optional[Image]]:
        """What is known of the pictures of the session that was opened, and its step 0."""
        task = self._task
        if self._source:
            return self._source.steps, self._source.picture
        if isinstance(task, PictureTask):
            return {task.fingerprint: 0}, None if task.options.seed is not None else task.image
        if isinstance(task, RestoreTask) and task.image is not None:
            return {task.fingerprint: 0}, task.image
        return {}, None

    def _onward(self) -> None:
        """The session is open: to the step that the task is about."""
        if isinstance(self._task, RestoreTask):
            self._arrived()
        else:
            self._proceed()

    def _framed(self, frame: Frame, *, current: bool) -> None:
        restoring = isinstance(self._task, RestoreTask)
        try:
            if frame.kind == "likeness":
                self._report.alike(frame)
            elif current and self._doing == "seek":
                self._sought(frame)
            elif current and self._doing == "drag" and isinstance(self._task, DragTask):
                self._pictures.drag(frame, self._task)
            elif current and restoring and frame.kind == "result":
                self._pictures.reopened(frame)
        finally:
            if frame.kind in FLEETING:  # drawn, or too late to be: another one may come
                self._client.drawn(frame)

    def _sought(self, frame: Frame) -> None:
        self._timeline.position = frame.step
        self._rest(then=self._onward)
        if self._report.status.state == "stopping":
            self.stop()

    # Requests.

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

    def _send_stop(self) -> None:
        if self._timeline.session:
            self._stopped = self._ask(Stop(session=self._timeline.session))

    def _give_back(self) -> None:
        session = self._timeline.session
        self.forget_session()
        if session:
            self._client.send(Close(session=session))
