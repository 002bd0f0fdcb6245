"""The models that can be opened: what the door tells its clients; neither torch nor sockets."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from draggan_wire.errors import WireError
from draggan_wire.messages import ModelInfo
from draggan_wire.schema import plain, read

from draggan.checkpoint import ModelCard, list_models

log = logging.getLogger("draggand.models")

LIST_SECONDS = 5.0  # how long a list is taken for true
MAX_MODELS = 256  # that a message can carry


class InstalledModels:
    """Calling it gives the models on this computer, looked up again after LIST_SECONDS.

    From any thread. A folder that cannot be read counts as it was before.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._known: tuple[ModelInfo, ...] = ()
        self._listed: float | None = None

    def __call__(self) -> tuple[ModelInfo, ...]:
        with self._lock:
            now = self._clock()
            if self._listed is None or now - self._listed > LIST_SECONDS:
                self._listed = now
                try:
                    found = (_model_info(card) for card in list_models())
                    self._known = tuple(info for info in found if info is not None)[:MAX_MODELS]
                except OSError as error:
                    log.warning("the models cannot be listed: %s", error)
            return self._known


def _model_info(card: ModelCard) -> ModelInfo | None:
    """What clients are told of a model; a user's file may be called what no id can be."""
    try:
        info = ModelInfo(
            card.id,
            card.title[:200],
            card.width,
            card.height,
            card.licence[:200],
            card.summary[:1000],
        )
        return read(ModelInfo, plain(info), "model")
    except WireError:
        log.warning("a model file's name is no id: letters, digits, '-', '_' and '.' are")
        return None
