"""Real GIMP on a virtual screen and without any, driven from inside by the package `rig`.

Three kinds of files are run there: `scenario_*.py` are stories that the tests outside look at,
`console_*.py` check single modules in GIMP's batch mode, and `inside_*.py` check widgets in plain
Python with GTK, without GIMP.
"""
