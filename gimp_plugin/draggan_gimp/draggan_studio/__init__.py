"""The plug-in for GIMP 3. No work at import; `draggan_wire` is laid into it by the assembly."""
