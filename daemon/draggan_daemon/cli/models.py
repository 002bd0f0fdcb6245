"""`draggand models`: what can be opened here; needs no daemon."""

from __future__ import annotations

import argparse
from typing import Any

from ..exit_codes import OK


def register(commands: Any) -> None:
    models = commands.add_parser("models", help="list the models that can be opened here")
    models.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from ..models import InstalledModels

    for model in InstalledModels()():
        print(f"{model.id:20} {model.width} x {model.height}  {model.title} ({model.licence})")
    return OK
