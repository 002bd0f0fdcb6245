"""Style mixing: some rows of W+ from one latent, the others from another; torch only.

Karras et al. 2019, "A Style-Based Generator Architecture for Generative Adversarial Networks",
section 3.1, has the names: coarse styles act at 4 and 8 px, middle ones at 16 and 32 px, fine ones
above.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from draggan.errors import BadInput
from draggan.gallery.number_lists import parse_indices

BANDS = {"coarse": (0, 4), "middle": (4, 8), "fine": (8, None)}
OPTION = "--mix-rows"


def parse_rows(text: str, num_ws: int) -> tuple[int, ...]:
    """coarse, middle, fine or a list such as 0-6 as rows of W+ of a model with `num_ws` of them.

    Raises BadInput.
    """
    if text not in BANDS:
        if text[:1].isalpha():
            raise BadInput(
                f"{OPTION} knows no {text[:40]!r}.",
                hint=f"Use coarse, middle, fine, or rows from 0 to {num_ws - 1}, such as 0-3.",
            )
        return parse_indices(text, num_ws, option=OPTION)
    rows = tuple(range(num_ws)[slice(*BANDS[text])])
    if not rows:
        raise BadInput(
            f"This model is too small to have {text} rows.",
            hint=f"Name some of its {num_ws} rows with {OPTION}, such as 0-1.",
        )
    return rows


def mixed(ws: Tensor, styles: Tensor, rows: Sequence[int]) -> Tensor:
    """`ws` (1, num_ws, w_dim) with `rows` taken from `styles`, of the same shape."""
    ws = ws.clone()
    ws[:, list(rows)] = styles[:, list(rows)]
    return ws
