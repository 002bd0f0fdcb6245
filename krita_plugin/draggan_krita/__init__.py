"""DragGAN inside Krita: drag points of the picture and see it follow; imports nothing."""
