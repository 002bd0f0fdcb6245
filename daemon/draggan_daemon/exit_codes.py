"""What the daemon's commands end with, as in sysexits.h; imports nothing.

0 done; 2 a command line that makes no sense; 69 the daemon is not there, or another one is; 70 a
fault of the program's own; 75 not now, and trying again may help; 78 a setting, a key or a
permission is wrong, and trying again will not help (the service does not restart then); 130
interrupted from the keyboard.
"""

from __future__ import annotations

OK = 0
USAGE = 2
UNAVAILABLE = 69
SOFTWARE = 70
TEMPORARY = 75
CONFIGURATION = 78
INTERRUPTED = 130
