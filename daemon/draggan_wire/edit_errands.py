"""What is asked of a session between drags: look at a step, fetch steps, save; stdlib only.

A session does one thing at a time and refuses a second as busy. So one errand is under way at a
time, and a wish stays until it is answered: what got lost with a connection is asked again.
"""

from __future__ import annotations

from collections import deque
from typing import Callable, Deque, Optional, Sequence, Tuple

from .edit_status import mishap
from .edit_timeline import Timeline
from .errors import BadInput, ConnectionLost, Unsupported, WireError
from .exchange import Channel
from .messages import Envelope, Error, Frame, Message, Save, Saved, Seek

Receive = Callable[[Frame], None]


class Errands:
    """Saving comes first, which is quick, then the newest look, then what is to be fetched.

    `looked` gets the frame of a look, `failed` what went wrong with a look or a fetch; `idle` is
    told when a probe has found that the session does nothing, and has said all. Saving is
    nobody's wish in particular, and its failure nobody's trouble: a daemon may be too old for it.
    """

    def __init__(
        self,
        client: Channel,
        timeline: Timeline,
        *,
        looked: Callable[[Frame], None],
        failed: Callable[[WireError], None],
        idle: Callable[[], None],
    ) -> None:
        self._client = client
        self._timeline = timeline
        self._looked = looked
        self._failed = failed
        self._idle = idle
        self._look: Optional[int] = None
        self._fetches: Deque[Tuple[int, Receive]] = deque()
        self._save: Optional[int] = None  # the step at which saved data are to stand
        self._probe = False
        self._too_old = False  # the daemon does not know how to save
        self._request: Optional[int] = None
        self._kind = ""  # of the request: "probe", "look", "fetch" or "save"
        self._step = 0  # that is looked at

    @property
    def under_way(self) -> bool:
        return self._request is not None

    @property
    def to_fetch(self) -> int:
        """How many frames are still to come."""
        return len(self._fetches)

    @property
    def saving(self) -> bool:
        """Whether newer saved data are still to come."""
        return self._save is not None

    # Wishes.

    def look(self, step: int) -> None:
        self._look = min(max(step, 0), self._timeline.last)

    def look_no_more(self) -> None:
        self._look = None

    def fetch(self, steps: Sequence[int], receive: Receive) -> None:
        self._fetches.extend((step, receive) for step in steps)

    def save(self, step: int) -> None:
        """Saves the session as it stands at a step."""
        self._save = None if self._too_old else step

    def probe(self) -> None:
        """Finds out at once whether the session is at work, by something harmless: only an idle one
        goes to step 0."""
        self._probe = True
        self.ask_next()

    def interrupted(self) -> None:
        """A new connection, to another daemon perhaps: what is under way is asked again."""
        self._request, self._too_old = None, False

    def forget(self, error: WireError) -> None:
        """The session is gone, and all wishes with it."""
        self._request, self._look, self._save, self._probe = None, None, None, False
        self._end_fetching(error)

    # One after the other.

    def ask_next(self) -> bool:
        """Sends what is wished for next; returns whether something is under way now."""
        try:
            if self._request is None:
                self._ask()
        except Exception as error:
            self._give_up(error if isinstance(error, WireError) else mishap(error))
        return self.under_way

    def _ask(self) -> None:
        session = self._timeline.session
        if session is None:
            return
        if self._probe:
            self._send("probe", Seek(session=session, step=0))
        elif self._save is not None:
            there = self._timeline.position == self._save
            self._send("save", Save(session) if there else Seek(session, self._save))
        elif self._look is not None:
            self._step = self._look
            self._send("look", self._seek(session, self._look))
        elif self._fetches:
            self._ask_frame(session, self._fetches[0][0])

    def _ask_frame(self, session: str, step: int) -> None:
        self._kind = "fetch"
        if not 0 <= step <= self._timeline.last:
            raise BadInput(
                f"There is no step {step}; the last one is {self._timeline.last}.",
                hint="Choose among the steps that are there.",
            )
        self._send("fetch", self._seek(session, step))

    def _seek(self, session: str, step: int) -> Seek:
        return Seek(session=session, step=step, paste=self._timeline.paste)

    def _send(self, kind: str, message: Message) -> None:
        self._kind = kind
        self._request = self._client.send(message)

    # What comes back.

    def take(self, event: Envelope) -> bool:
        """Takes an answer in; False where it answers none of the errands."""
        if self._request is None or event.re != self._request:
            return False
        message = event.message
        if isinstance(message, Error):
            self._refused(message.exception())
        elif isinstance(message, Saved) and self._kind == "save":
            self._request, self._save = None, None
            self._timeline.keep(bytes(message.data.data), message.step)
        elif isinstance(message, Frame):
            self._request, self._timeline.position = None, message.step
            self._deliver(message)
        return True

    def _deliver(self, frame: Frame) -> None:
        if self._kind == "probe":
            self._probe = False
            self._idle()
        elif self._kind == "save":
            if frame.step != self._save:  # the daemon knows better
                self._save = None
        elif self._kind == "fetch":
            self._receive(frame)
        else:
            if self._look == self._step:
                self._look = None
            self._looked(frame)

    def _receive(self, frame: Frame) -> None:
        if not self._fetches:  # ended meanwhile
            return
        _, receive = self._fetches.popleft()
        try:
            receive(frame)
        except Exception as error:
            self._end_fetching(error if isinstance(error, WireError) else mishap(error), force=True)

    def _refused(self, error: WireError) -> None:
        self._request = None
        if not isinstance(error, ConnectionLost):  # else it is asked again when there is one
            self._give_up(error)

    def _give_up(self, error: WireError) -> None:
        """What was asked for last will not be had."""
        self._request = None
        if self._kind == "probe":  # it is busy
            self._probe = False
        elif self._kind == "save":
            self._save, self._too_old = None, isinstance(error, Unsupported)
        elif self._kind == "look":
            self._look = None
            self._failed(error)
        else:
            self._end_fetching(error)

    def _end_fetching(self, error: WireError, *, force: bool = False) -> None:
        waiting = bool(self._fetches)
        self._fetches.clear()
        if waiting or force:
            self._failed(error)
