"""The computing itself: the only folder of the daemon that imports torch, and that edits pictures.

Importing it loads no torch; the first session does.
"""

from .loaded_models import IdleTimes
from .torch_engine import TorchEngine

__all__ = ["IdleTimes", "TorchEngine"]
