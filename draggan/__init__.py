"""DragGAN as a library: load a generator, set a picture, drag points; imports nothing heavy."""

__version__ = "0.1.0"
