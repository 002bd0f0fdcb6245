"""What outlives a crash of worker and daemon: sessions on disk; the wire and sqlite3 only."""

from .journal import Journal
from .values import JournalCost, JournalError, Kept

__all__ = ["Journal", "JournalCost", "JournalError", "Kept"]
