"""Tests on the real editors: each in a Debian root file system of its own, unseen.

Plain `pytest` skips them. `DRAGGAN_HOSTS=krita-5.2 pytest tests/hosts` runs them (Linux, root); see
`enabling.py` for the names, `roots.py` for how a root file system is made, `krita/` and `gimp/` for
what is done in each editor.
"""
