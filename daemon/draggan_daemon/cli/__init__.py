"""The daemon's command line, one command in each file; loads nothing heavy to parse."""

from __future__ import annotations

from .program import main

__all__ = ["main"]
