"""What has been seen of an edit's steps: small pictures, and where the handles were; no Qt."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..messages import Point

Points = Tuple[Point, ...]
MOST_THUMBNAILS = 400


class Timeline:
    """Steps 0 (the opened picture) to `last`; a drag from step k drops what came after k."""

    def __init__(self) -> None:
        self._thumbnails: Dict[int, Any] = {}
        self._points: Dict[int, Points] = {}

    def see(self, step: int, thumbnail: Any) -> None:
        """Keeps the picture of a step; of very many, every other one is dropped."""
        self._thumbnails[step] = thumbnail
        if len(self._thumbnails) > MOST_THUMBNAILS:
            for old in sorted(self._thumbnails)[1:-1:2]:
                del self._thumbnails[old]

    def note(self, step: int, points: Sequence[Point]) -> None:
        """Where the handles are at a step, in document points."""
        self._points[step] = tuple(points)

    def cut(self, step: int) -> None:
        """Forgets all that comes after a step."""
        for kept in (self._thumbnails, self._points):
            for later in [found for found in kept if found > step]:
                del kept[later]

    @property
    def seen(self) -> Tuple[int, ...]:
        """The steps that have a picture, in order."""
        return tuple(sorted(self._thumbnails))

    def thumbnail(self, step: int) -> Optional[Any]:
        return self._thumbnails.get(step)

    def trails(self, base: int, step: int) -> Tuple[Points, ...]:
        """The way of each handle from step `base` to `step`, as far as it has been seen."""
        walked = [self._points[k] for k in sorted(self._points) if base <= k <= step]
        count = len(walked[-1]) if walked else 0
        rows: List[Points] = [points for points in walked if len(points) == count]
        return tuple(tuple(points[i] for points in rows) for i in range(count))
