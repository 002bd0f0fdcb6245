"""The docker's widgets: Qt and the studio they are given, never Krita."""
