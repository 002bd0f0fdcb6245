"""Real Krita on a virtual screen, driven from inside by the plugin in `rig/`."""
