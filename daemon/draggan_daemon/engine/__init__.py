"""The computing itself: the only folder of the daemon that imports draggan, numpy and Pillow.

Importing it loads no torch; the first model does.
"""

from .loaded_models import IdleTimes
from .torch_engine import TorchEngine

__all__ = ["IdleTimes", "TorchEngine"]
