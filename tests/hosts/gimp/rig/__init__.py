"""The half that runs inside the root file system; its Python and GTK, nothing else.

`python3 -m rig FILE` runs one file of any of the three kinds (see `gimp/__init__.py`).
"""
