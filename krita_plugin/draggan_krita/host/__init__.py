"""Krita itself: the only folder of the plugin that imports `krita`."""
