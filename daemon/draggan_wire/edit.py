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
session knows, the opened one or any result of its timeline, is dragged at once.
"""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, Optional, Set, Tuple

from .canvas import Canvas, check_handles, check_mask
from .client import Client, Connected, Event, Lost, Refused
from .edit_status import EditOptions, EditStatus, forgotten, mishap, no_answer, words_of
from .errors import UnknownSession, WireError
from .messages import (
    Close,
    Closed,
    Credit,
    Done,
    Drag,
    Envelope,
    Error,
    Frame,
    Image,
    Message,
    Open,
    Opened,
    Point,
    Progress,
    Ready,
    Seek,
    State,
    Stop,
    Welcome,
)

PATIENCE = 5.0  # seconds without a connection before an edit fails
CREDIT = 2  # previews under way at once: one being drawn, one travelling


@dataclass(frozen=True)
class _Task:
    """All that one drag depends on, read from the canvas once."""

    image: Image
    handles: Tuple[Point, ...]  # starts
    targets: Tuple[Point, ...]
    mask: Optional[Image]
    options: EditOptions
    fingerprint: str


class Edit:
    """Drives one document's edits through a client. To be used by one thread, the host's own.

    The edit polls the client: give each edit a client of its own. Nothing here raises; what goes
    wrong stands in `status`.
    """

    def __init__(
        self, client: Client, canvas: Canvas, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.status = EditStatus()
        self._client = client
        self._canvas = canvas
        self._clock = clock
        self._task: Optional[_Task] = None
        self._request: Optional[int] = None  # the open or the drag that is being answered
        self._asked: Set[int] = set()  # requests whose refusal ends the edit
        self._session: Optional[str] = None
        self._steps: Dict[str, int] = {}  # fingerprint of a picture -> step of the timeline
        self._at: Optional[int] = None  # the step of the timeline that the next drag starts from
        self._seeking = False
        self._welcome: Optional[Welcome] = None  # of the connection that the edit works on
        self._alone_since: Optional[float] = None
        self._trouble: Optional[WireError] = None  # why there is no connection

    @property
    def busy(self) -> bool:
        """Whether an edit is under way, so that "Drag" should read "Stop"."""
        return self.status.state in ("connecting", "opening", "dragging", "stopping")

    def start(self, options: EditOptions) -> None:
        """Reads the canvas and begins; while busy it does nothing."""
        if self.busy:
            return
        self.status = EditStatus(fit=self.status.fit)
        self._guard(self._begin, options)

    def stop(self) -> None:
        """Ends the drag after its current step and keeps what is there; ends an opening at once."""
        if self.status.state == "connecting":
            self.status = EditStatus(message="Stopped.")
        elif self.status.state in ("opening", "dragging"):
            self._change("stopping", "Stopping...")
            if self._session:  # else it is asked for as soon as the session has a name
                self._guard(self._ask, Stop(session=self._session))

    def close(self) -> None:
        """Gives the session back to the daemon; the client stays open."""
        if self._session:
            self._guard(self._client.send, Close(session=self._session))
        self._forget_session()

    def poll(self) -> None:
        """Takes in what has happened; call it from a timer."""
        for event in self._client.poll():
            self._guard(self._take, event)
        waited = self._clock() - self._alone_since if self._alone_since is not None else 0.0
        if self.busy and waited > PATIENCE:
            self._fail(self._trouble or no_answer())

    # Beginning.

    def _begin(self, options: EditOptions) -> None:
        self._asked.clear()
        image = self._canvas.read_image()
        handles = check_handles(self._canvas.read_handles(), image)
        mask = check_mask(self._canvas.read_mask(), image)
        starts, ends = tuple(h for h, _ in handles), tuple(t for _, t in handles)
        self._task = _Task(image, starts, ends, mask, options, _fingerprint(image, options))
        self._change("connecting", "Connecting to the daemon...")
        if self._client.welcome:
            self._proceed()
        else:
            self._alone_since = self._clock()

    def _proceed(self) -> None:
        """Connected: open the picture, unless the session knows it; then drag."""
        assert self._task is not None
        self._welcome = self._client.welcome
        step = self._steps.get(self._task.fingerprint)
        if self._session is None or step is None:
            self._open(self._task)
        elif step == self._at:
            self._drag()
        else:
            self._change("opening", "Going back to this picture...")
            self._seeking = True
            self._request = self._ask(Seek(session=self._session, step=step))

    def _open(self, task: _Task) -> None:
        if self._session:
            self._client.send(Close(session=self._session))
            self._forget_session()
        options = task.options
        self._change("opening", "Sending the picture...")
        self._request = self._ask(
            Open(model=options.model, image=task.image, quality=options.quality)
        )

    def _drag(self) -> None:
        assert self._task is not None and self._session is not None
        options = self._task.options
        base = self._steps[self._task.fingerprint]
        self._steps = {mark: step for mark, step in self._steps.items() if step <= base}
        self._at, self._seeking = None, False
        self._change("dragging", "Dragging...")
        self._request = self._ask(
            Drag(
                session=self._session,
                handles=self._task.handles,
                targets=self._task.targets,
                mask=self._task.mask,
                settings=options.settings,
                preview_every_ms=options.preview_every_ms,
                preview_max_side=options.preview_max_side,
                keep_every=options.keep_every,
            )
        )

    # What comes back.

    def _take(self, event: Event) -> None:
        if isinstance(event, Connected):
            self._connected(event)
        elif isinstance(event, (Lost, Refused)):
            self._disconnected(event)
        elif isinstance(event.message, Error):
            if event.re is None or event.re in self._asked:
                self._refused(event.message)
        elif isinstance(event.message, Opened) and event.re == self._request:
            self._opened(event.message)
        elif getattr(event.message, "session", None) == self._session:
            self._answered(event)

    def _answered(self, event: Envelope) -> None:
        """A message of our session's."""
        message = event.message
        if isinstance(message, Frame) and self._seeking and event.re == self._request:
            self._at = message.step
            self._drag_unless_stopped()
        elif isinstance(message, Frame):
            self._show(message, current=event.re == self._request)
        elif isinstance(message, Closed):
            self._closed(message)
        elif event.re != self._request:
            return
        elif isinstance(message, State) and message.state == "queued":
            self.status = replace(self.status, message="Waiting for another edit to finish...")
        elif isinstance(message, Progress):
            self._progress(message)
        elif isinstance(message, Ready):
            self._ready(message)
        elif isinstance(message, Done):
            self._done(message)

    def _connected(self, event: Connected) -> None:
        if event.welcome is self._welcome:
            return  # `start` was quicker than this event
        self._welcome = event.welcome
        self._alone_since = self._trouble = None
        if self._session and self._session not in event.welcome.resumed:
            self._forget_session()
            if self.status.state in ("opening", "dragging", "stopping"):
                self._fail(forgotten())
        elif self._session:
            self._client.send(Credit(session=self._session, n=CREDIT))
        if self.status.state == "connecting":
            self._proceed()
        elif self.busy and not self._session:  # lost before the session had a name
            self._open_again()

    def _open_again(self) -> None:
        if self.status.state == "stopping":
            self._change("idle", "Stopped.")
        else:
            self._proceed()

    def _disconnected(self, event: Event) -> None:
        self._trouble = event.error if isinstance(event, (Lost, Refused)) else None
        if self._alone_since is None:
            self._alone_since = self._clock()
        if isinstance(event, Refused) and self.busy:
            self._fail(event.error)
        elif self.busy and self.status.state != "connecting":
            self.status = replace(self.status, message="The connection is gone; trying again...")

    def _refused(self, message: Error) -> None:
        error = message.exception()
        if isinstance(error, UnknownSession) or self.status.state == "opening":
            self._forget_session()
        if self.busy:
            self._fail(error)

    def _opened(self, message: Opened) -> None:
        self._session = message.session
        if self.status.state == "stopping":
            self._ask(Stop(session=message.session))
            return
        self._client.send(Credit(session=message.session, n=CREDIT))
        self._change("opening", "Looking at the picture...")

    def _closed(self, message: Closed) -> None:
        self._forget_session()
        if self.status.state == "stopping":
            self._change("idle", "Stopped.")
        elif self.busy:
            self._fail(forgotten())

    def _progress(self, message: Progress) -> None:
        fraction = min(message.index / message.total, 1.0) if message.total else None
        words = f"{message.stage.capitalize()}: {message.index} of {message.total}"
        if self.status.state == "opening":
            self.status = replace(self.status, message=words, fraction=fraction)

    def _ready(self, message: Ready) -> None:
        assert self._task is not None
        self._steps[self._task.fingerprint] = self._at = 0
        self.status = replace(self.status, fit=message)
        self._drag_unless_stopped()

    def _drag_unless_stopped(self) -> None:
        if self.status.state == "stopping":
            self._change("idle", "Stopped.")
        else:
            self._drag()

    def _show(self, frame: Frame, *, current: bool) -> None:
        """A picture: drawn, kept or added; what belongs to an older drag is not shown."""
        try:
            if current:
                self._tell_step(frame)  # first: a canvas may ask the status where the handles are
            if current and frame.kind == "preview":
                self._canvas.show_preview(frame.image)
            elif current and self._task:
                self._keep(frame, self._task)
        finally:
            if frame.kind == "preview":
                self._client.drawn(frame)

    def _keep(self, frame: Frame, task: _Task) -> None:
        self._steps[_fingerprint(frame.image, task.options)] = frame.step
        if frame.kind == "kept":
            self._canvas.keep_step(frame.image, frame.step, frame.changed)
            return
        self._at = frame.step
        self._canvas.clear_preview()
        name = f"DragGAN {task.options.model}, step {frame.step}"
        self._canvas.add_result(frame.image, name, frame.changed)

    def _tell_step(self, frame: Frame) -> None:
        self.status = replace(
            self.status,
            step=frame.step,
            points=frame.points,
            distances=frame.distances,
            statuses=frame.statuses,
        )
        if self.status.state == "dragging" and frame.distances and self._task:
            words = f"Dragging: step {frame.step}, {max(frame.distances):.1f} px to go"
            done = _fraction(self._task, frame)
            self.status = replace(self.status, message=words, fraction=done)

    def _done(self, message: Done) -> None:
        self._request = None
        self._change("done", words_of(message))
        self.status = replace(self.status, outcome=message, fraction=1.0)

    # Small change.

    def _ask(self, message: Message) -> int:
        number = self._client.send(message)
        self._asked.add(number)
        return number

    def _change(self, state: str, message: str) -> None:
        self.status = replace(self.status, state=state, message=message, hint="", fraction=None)

    def _fail(self, error: WireError) -> None:
        """Ends the edit with words; a drag that still runs is stopped, the preview taken away."""
        running = self.status.state in ("opening", "dragging") and self._session
        self._request = None
        self.status = replace(
            self.status, state="failed", message=error.sentence, hint=error.hint, error=error
        )
        if running and self._client.welcome:
            self._guard(self._client.send, Stop(session=running))
        self._guard(self._canvas.clear_preview)

    def _forget_session(self) -> None:
        self._session, self._at, self._seeking = None, None, False
        self._steps = {}

    def _guard(self, action: Callable[..., Any], *values: Any) -> None:
        """Runs what may fail; the first failure becomes the edit's, later ones are its echo."""
        try:
            action(*values)
        except Exception as error:
            if self.status.state != "failed":
                self._fail(error if isinstance(error, WireError) else mishap(error))


def _fingerprint(image: Image, options: EditOptions) -> str:
    """Tells pictures (and how they were opened) apart."""
    form = f"{options.model}/{options.quality}/{image.format}/{image.width}x{image.height}/"
    digest = hashlib.blake2b(form.encode(), digest_size=16)
    digest.update(image.data)
    return digest.hexdigest()


def _fraction(task: _Task, frame: Frame) -> float:
    """How much of all handles' way is behind them, in [0, 1]."""
    whole = sum(math.dist(h, task.targets[i]) for i, h in enumerate(task.handles))
    return min(max(1 - sum(frame.distances) / whole, 0.0), 1.0) if whole else 0.0
