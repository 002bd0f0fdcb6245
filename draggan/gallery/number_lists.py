"""Lists of numbers as they are typed, such as 0-15,33,40-44; standard library only."""

from __future__ import annotations

import re

from draggan.errors import BadInput

MAX_SEED = 2**32 - 1  # numpy's RandomState takes no larger one
MAX_SEEDS = 4096

_FORM = "Write numbers and ranges with commas between them: 0-15,33,40-44"


def parse_seeds(text: str, *, option: str = "--seeds") -> tuple[int, ...]:
    """The seeds in the order in which they are typed, each once. Raises BadInput."""
    ranges = _ranges(text, option)
    if any(part.stop - 1 > MAX_SEED for part in ranges):
        raise BadInput(
            f"{option} {_short(text)} holds a seed that is too large.",
            hint=f"Use seeds from 0 to {MAX_SEED}.",
        )
    if sum(part.stop - part.start for part in ranges) > MAX_SEEDS:
        raise BadInput(
            f"{option} {_short(text)} are too many at once.",
            hint=f"Ask for up to {MAX_SEEDS}, then for the next ones into another folder.",
        )
    return tuple(dict.fromkeys(seed for part in ranges for seed in part))


def parse_indices(text: str, count: int, *, option: str) -> tuple[int, ...]:
    """Numbers below `count`, ascending, each once. Raises BadInput."""
    ranges = _ranges(text, option)
    if any(part.stop > count for part in ranges):
        raise BadInput(
            f"{option} {_short(text)} goes beyond what there is.", hint=f"Use 0 to {count - 1}."
        )
    return tuple(sorted({index for part in ranges for index in part}))


def _ranges(text: str, option: str) -> list[range]:
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,12})\s*(?:-\s*([0-9]{1,12})\s*)?", part)
        if match is None:
            raise BadInput(f"{option} {_short(text)!r} is not a list of numbers.", hint=_FORM)
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise BadInput(
                f"The range {first}-{last} of {option} runs backwards.",
                hint=f"Write {last}-{first}.",
            )
        found.append(range(first, last + 1))
    return found


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
