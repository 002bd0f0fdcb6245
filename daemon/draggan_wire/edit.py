"""One edit from the press of "Drag" to the result, the same for every host; stdlib only.

    edit = Edit(client, canvas)
    edit.start(EditOptions(model="critters"))
    ...                                     # from a timer, every 30 ms or so:
    edit.poll()
    label.setText(edit.status.message)

Between drags the timeline's steps can be looked at and fetched; what was saved of an edit opens it
again on another day. The states of an edit stand in `edit_flow`.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Callable, List, Optional, Sequence, Tuple, Union

from .canvas import Canvas
from .client import Connected, Event, Lost, Refused
from .edit_errands import Errands, Receive
from .edit_flow import Flow
from .edit_pictures import Pictures
from .edit_report import Report
from .edit_status import EditOptions, EditStatus, mishap, no_answer, no_steps
from .edit_task import Task, read_drag, read_picture, read_saved
from .edit_timeline import Timeline
from .errors import UnknownSession, WireError
from .exchange import Channel
from .messages import Frame, Pasting

__all__ = ["PATIENCE", "Edit", "EditOptions", "EditStatus"]

PATIENCE = 5.0  # seconds without a connection before an edit fails that has not begun
# And one that the daemon is at: it has the session in its journal, so a network that comes back or
# a daemon that is started again goes on where it was. Stop is there for whoever will not wait.
PATIENCE_AT_WORK = 60.0


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
        self._errands = Errands(
            client,
            self._timeline,
            looked=self._looked,
            failed=self._tell,
            idle=lambda: self._flow.found_idle(),
        )
        self._flow = Flow(client, self._timeline, self._report, self._pictures, self._errands)
        self._later: List[Tuple[Sequence[int], Receive]] = []  # to be fetched when not busy
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
        return self._report.at_work and not self._report.preparing

    @property
    def preparing(self) -> bool:
        """Whether a picture is being opened ahead of a drag; "Drag" can be pressed."""
        return self._report.at_work and self._report.preparing

    @property
    def last(self) -> int:
        """The last step of the timeline, 0 without a session."""
        return self._timeline.last

    @property
    def reach(self) -> int:
        """The last step that a drag can go on from, with a daemon that has forgotten us as well."""
        return self._timeline.last if self._timeline.session else self.saved_step

    @property
    def saved(self) -> Optional[bytes]:
        """The newest data for `restore`, asked for after each opening and each drag."""
        return self._timeline.saved.data if self._timeline.saved else None

    @property
    def saved_step(self) -> int:
        """The step at which `saved` stands."""
        return self._timeline.saved.step if self._timeline.saved else 0

    @property
    def saving(self) -> bool:
        """Whether data newer than `saved` are on their way."""
        return self._errands.saving

    @property
    def to_fetch(self) -> int:
        """How many frames `fetch` has still to hand over; 0 also after a failure."""
        return self._errands.to_fetch + sum(len(steps) for steps, _ in self._later)

    def start(self, options: EditOptions, *, at: Optional[int] = None) -> None:
        """Reads the canvas and begins; while busy it does nothing.

        `at` is the step to go on from, if the canvas still holds the very picture that was opened;
        None: the step whose picture it holds.
        """
        self._begin(lambda: read_drag(self._canvas, options, at))

    def prepare(self, options: EditOptions) -> None:
        """Opens the canvas's picture ahead of a drag, for which no handles are needed yet.

        A `start` with the same picture and options goes on from there, also while it is still being
        opened; with others what was opened ahead is given up. While busy it does nothing.
        """
        if self.busy:
            return
        try:
            task = read_picture(self._canvas, options)
        except Exception as error:
            self._report.trouble(error if isinstance(error, WireError) else mishap(error))
            return
        if not self._flow.knows(task):
            self._begin(lambda: task)

    def restore(self, options: EditOptions, data: bytes) -> None:
        """Opens what was `saved` on another day, with the options of then, and shows its step.

        The canvas is to hold the picture that was opened then. While busy it does nothing. The edit
        that was open is closed.
        """
        self._begin(lambda: read_saved(self._canvas, options, bytes(data)))

    def paste(self, how: Pasting) -> None:
        """How steps come into the picture that are looked at and fetched from now on."""
        self._timeline.paste = how

    def look(self, step: int) -> None:
        """Shows a step of the timeline as a preview; the newest wish wins, none while busy."""
        if not self._report.at_work and self._timeline.session:
            self._errands.look(step)
            self._guard(self._go_on)

    def fetch(self, steps: Sequence[int], receive: Receive) -> None:
        """Hands over the frames of some steps in full size, one after the other.

        They wait for what the edit is busy with, and what it is to do next waits for them. Any
        failure ends them all, with words in `status`.
        """
        if self._report.at_work or self._timeline.session:
            self._later.append((tuple(steps), receive))
            self._guard(self._go_on)
        else:
            self._tell(no_steps())

    def stop(self) -> None:
        """Ends the drag after its current step and keeps what is there; ends an opening at once."""
        if self._flow.waiting:  # what was to follow it might meet another session
            self._later.clear()
        self._guard(self._flow.stop)

    def close(self) -> None:
        """Gives the session back to the daemon; the client stays open."""
        self._guard(self._flow.close)

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
        if self._report.at_work and waited > (PATIENCE_AT_WORK if self._begun else PATIENCE):
            self._flow.fail(self._trouble or no_answer())

    @property
    def _begun(self) -> bool:
        """Whether the daemon is at it, connected or not."""
        return self.status.state in ("opening", "dragging")

    # From here on, what raises is caught by `_guard`.

    def _begin(self, read: Callable[[], Task]) -> None:
        if self.busy:
            return
        self._errands.look_no_more()
        if not self.preparing:
            self._report.asked(last=self.last)
        self._guard(self._wait, read)

    def _wait(self, read: Callable[[], Task]) -> None:
        try:
            task = read()
        except WireError as error:
            if not self.preparing:
                raise
            self._report.trouble(error)  # what is being opened may be what is dragged next
            return
        self._flow.begin(task)
        if not self._client.welcome:
            self._alone_since = self._clock()
        self._go_on()

    def _fetch_what_waited(self) -> None:
        """For frames of the session that there is now; without one there are words already."""
        waited, self._later = self._later, []
        for steps, receive in waited if self._timeline.session else ():
            self._errands.fetch(steps, partial(self._pictures.hand_over, receive))

    def _go_on(self) -> None:
        """Whatever is to be done next, if the session has nothing to do."""
        if not self._report.at_work:
            self._fetch_what_waited()
        welcome = self._client.welcome
        if welcome is None:
            return
        self._alone_since = self._trouble = None
        self._flow.meet(welcome)
        if (not self._report.at_work or self._flow.waiting) and not self._errands.ask_next():
            self._flow.go_on()

    def _take(self, event: Event) -> None:
        if isinstance(event, (Lost, Refused)):
            self._disconnected(event)
        elif not isinstance(event, Connected) and not self._errands.take(event):
            self._flow.take(event)

    def _disconnected(self, event: Union[Lost, Refused]) -> None:
        self._trouble = event.error
        if self._alone_since is None:
            self._alone_since = self._clock()
        if isinstance(event, Refused) and self._report.at_work and not self._begun:
            self._flow.fail(event.error)
        elif self.status.state == "dragging":
            self._report.say("The connection is gone; the drag goes on as soon as it is back...")
        elif self._report.at_work and self.status.state != "connecting":
            self._report.say("The connection is gone; trying again...")

    def _looked(self, frame: Frame) -> None:
        if not self._report.at_work:
            self._pictures.look(frame)

    def _tell(self, error: WireError) -> None:
        """A look or a fetch went wrong."""
        if isinstance(error, UnknownSession):
            self._flow.forget_session()
        self._report.trouble(error)

    def _guard(self, action: Callable[..., Any], *values: Any) -> None:
        """Runs what may fail; the first failure becomes the edit's, later ones are its echo."""
        try:
            action(*values)
        except Exception as error:
            if self.status.state != "failed":
                self._flow.fail(error if isinstance(error, WireError) else mishap(error))
