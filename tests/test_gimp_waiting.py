"""Waiting for a daemon without a dialog: reaching it, starting it, giving it up in words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gimp_plugin import load

waiting = load("waiting")
errors = load("draggan_wire.errors")
messages = load("draggan_wire.messages")
EditStatus = load("draggan_wire.edit_status").EditStatus
View = load("draggan_wire.workbench.connection").ConnectionView

CONNECTING = View("connecting", "Looking for it...")
NOBODY = View("lost", "No daemon runs on this computer.", "Click a button.", can_start=True)
FAR_LOST = View("lost", "Nobody answers at tcp://127.0.0.1:5.", "Check it.")
REFUSED = View("refused", "Another version.", "Update it.")
STARTING = View("starting", "Starting the daemon...")
CONNECTED = View("connected", "Connected.")


class Scene:
    """A connection that goes through the views given, one with each look; the last one stays."""

    def __init__(self, *views: Any, started: Any = STARTING) -> None:
        self.view = views[0]
        self.events: list[list[Any]] = []
        self.told: list[tuple[float | None, str]] = []
        self.starts = 0
        self.now = 0.0
        self._views = list(views)
        self._started = started
        self.patience = waiting.Patience(self, lambda: self.now, self._sleep)
        self.telling = waiting.Telling(lambda *what: self.told.append(what))

    def poll(self) -> list[Any]:
        if self._views:
            self.view = self._views.pop(0)
        return self.events.pop(0) if self.events else []

    def start_daemon(self) -> None:
        self.starts += 1
        self.view = self._started

    def reach(self) -> None:
        self.patience.reach(self.telling)

    def refused(self) -> Any:
        with pytest.raises(errors.WireError) as caught:
            self.reach()
        return caught.value

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


def said(message: Any) -> Any:
    return messages.Envelope(message)


def test_a_daemon_that_runs_is_reached_and_none_is_started() -> None:
    scene = Scene(CONNECTING, CONNECTING, CONNECTED)
    scene.reach()
    assert scene.starts == 0 and scene.told == [(None, "Looking for it...")]


def test_where_none_runs_one_is_started_once() -> None:
    scene = Scene(CONNECTING, NOBODY, STARTING, STARTING, CONNECTED)
    scene.reach()
    assert scene.starts == 1
    assert scene.told[-1] == (None, "Starting the daemon...")


def test_where_none_can_be_started_it_says_how_to_come_by_one() -> None:
    error = Scene(NOBODY, started=View("lost", "None is installed.", "Click.")).refused()
    assert isinstance(error, errors.NoDaemon) and error.sentence == "None is installed."
    assert "`draggand serve`" in error.hint and "`draggan install gimp`" in error.hint
    assert "Click" not in error.hint


def test_where_none_can_be_started_a_hint_with_a_command_is_kept() -> None:
    error = Scene(NOBODY, started=View("lost", "It is open to others.", "Try `mkdir`.")).refused()
    assert error.hint == "Try `mkdir`."


def test_a_daemon_that_does_not_come_up_says_why() -> None:
    error = Scene(NOBODY, STARTING, View("lost", "It ended at once.", "Last words: 'x'")).refused()
    assert (error.sentence, error.hint) == ("It ended at once.", "Last words: 'x'")


def test_a_daemon_elsewhere_is_given_a_moment_and_never_started() -> None:
    scene = Scene(FAR_LOST)
    error = scene.refused()
    assert isinstance(error, errors.NoDaemon) and error.sentence == FAR_LOST.sentence
    assert scene.starts == 0 and waiting.ANSWER < scene.now < waiting.ANSWER + 1
    Scene(*[FAR_LOST] * 20, CONNECTED).reach()


def test_a_refusal_is_final() -> None:
    scene = Scene(CONNECTING, REFUSED)
    error = scene.refused()
    assert (error.sentence, error.hint) == ("Another version.", "Update it.")
    assert scene.now < 1


def test_something_that_never_says_anything_is_given_up() -> None:
    scene = Scene(CONNECTING)
    assert scene.refused().sentence == "No daemon answers."
    assert scene.now < waiting.WELCOME + 1


def test_a_daemon_that_is_silent_about_the_edit_is_given_up() -> None:
    scene = Scene(CONNECTED)
    scene.events = [[said(messages.ModelList(()))]] * 10_000  # its door still answers
    with pytest.raises(errors.ConnectionLost) as caught:
        scene.patience.work(lambda: False)
    assert caught.value.sentence == ("The daemon has said nothing about the edit for 120 seconds.")
    assert waiting.SILENCE < scene.now < waiting.SILENCE + 1


def test_every_word_about_the_edit_is_a_sign_of_life() -> None:
    scene = Scene(CONNECTED)
    progress = [said(messages.Progress("s", "inverting", 1, 9))]
    scene.events = ([[]] * 3000 + [progress]) * 3
    looks = iter(range(100_000))
    scene.patience.work(lambda: next(looks) == 10_000)
    assert scene.now > 2 * waiting.SILENCE


def test_behind_another_edit_it_waits_as_long_as_that_takes() -> None:
    scene = Scene(CONNECTED)
    scene.events = [[said(messages.State("s", "queued"))]]
    looks = iter(range(100_000))
    scene.patience.work(lambda: next(looks) == 20_000)
    assert scene.now > 4 * waiting.SILENCE
    scene.events = [[said(messages.State("s", "opening"))]]
    with pytest.raises(errors.ConnectionLost):
        scene.patience.work(lambda: False)


def test_while_the_picture_is_learnt_further_it_waits_as_long_as_that_takes() -> None:
    scene = Scene(CONNECTED)
    first = messages.Ready("s", final=False)
    scene.events = [[said(first)], [said(messages.State("s", "idle"))]]
    looks = iter(range(100_000))
    scene.patience.work(lambda: next(looks) == 20_000)
    assert scene.now > 4 * waiting.SILENCE
    scene.events = [[said(messages.Ready("s"))]]
    with pytest.raises(errors.ConnectionLost):
        scene.patience.work(lambda: False)


def test_what_is_told_never_goes_back_and_never_twice() -> None:
    told: list[Any] = []
    telling = waiting.Telling(lambda *what: told.append(what))
    for what in (
        (None, "a"), (0.5, "b"), (0.5, "b"), (0.2, "b"), (0.1, "c"), (None, "d"), (0.7, "d"),
    ):  # fmt: skip
        telling.tell(*what)
    assert told == [(None, "a"), (0.5, "b"), (0.5, "c"), (0.5, "d"), (0.7, "d")]


def test_opening_and_dragging_are_half_of_it_each() -> None:
    assert waiting.share(EditStatus(state="opening", fraction=0.5)) == 0.25
    assert waiting.share(EditStatus(state="dragging", fraction=0.5)) == 0.75
    assert waiting.share(EditStatus(state="opening")) is None
    assert waiting.share(EditStatus(state="connecting", fraction=0.5)) is None
