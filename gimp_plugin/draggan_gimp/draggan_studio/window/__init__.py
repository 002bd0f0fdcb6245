"""The dialog and what is in it. The only folder that imports Gtk, Gdk and GimpUi."""
