"""The states of an edit in their order, and which of them is the present one; imports torch only.

State 0 is the picture as it was set, then there is one for each step of a drag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from .errors import BadInput
from .saved_edit import has_room
from .timeline import State


class States:
    """Empty before any picture is set."""

    def __init__(self, states: Sequence[State] = (), position: int = 0) -> None:
        self._states, self.position = list(states), position

    def __len__(self) -> int:
        return len(self._states)

    @property
    def all(self) -> tuple[State, ...]:
        return tuple(self._states)

    @property
    def start(self) -> State:
        return self._states[0]

    @property
    def present(self) -> State:
        """Raises BadInput before any picture is set."""
        if not self._states:
            raise BadInput("There is no picture yet.", hint="Set an image or a seed first.")
        return self._states[self.position]

    def at(self, index: int) -> State:
        """State `index`. Raises BadInput where there is none."""
        if not 0 <= index < len(self._states):
            raise BadInput(
                f"There is no step {index}.",
                hint=f"The timeline has the steps 0 to {len(self._states) - 1}."
                if self._states
                else "Set an image or a seed first.",
            )
        return self._states[index]

    def cut(self, position: int) -> None:
        """Make that state the present one, and give up all after it."""
        self.position = position
        del self._states[position + 1 :]

    def add(self, state: State) -> None:
        """One more, which is the present one then. Raises BadInput where there is no room."""
        if not has_room(len(self._states) + 1, state.ws):
            raise BadInput(
                "The edit has as many steps as it may have.",
                hint="Go back to an earlier step, or keep its picture, open that, and go on there.",
            )
        self._states.append(state)
        self.position = len(self._states) - 1

    def start_from(self, ws: Tensor) -> None:
        """The start has another latent: all others go as far and in the same direction."""
        way = ws - self.start.ws
        later = [replace(state, ws=state.ws + way) for state in self._states[1:]]
        self._states = [State.start(ws), *later]
