"""What the plug-in needs of GIMP: images, layers, pixels. The only folder that imports Gimp and
Gegl beside `procedure.py`; it knows no Gtk.
"""
