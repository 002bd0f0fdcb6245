#!/bin/bash
# The half of a Krita run that happens inside the root file system: display, window manager, Krita.
# Exit status: Krita's own; 124 when RIG_SECONDS were not enough.
set -u
cd "$RIG_OUT" || exit 1

# -displayfd lets the server choose a free number: they are shared by all root file systems.
Xvfb -displayfd 3 -screen 0 "${RIG_SIZE}x24" +extension GLX -nolisten tcp 3> /tmp/display > xvfb.log 2>&1 &
xvfb=$!
for _ in {1..100}; do
    [ -s /tmp/display ] && break
    sleep 0.1
done
{ [ -s /tmp/display ] && kill -0 $xvfb; } || { echo "no X display:"; cat xvfb.log; exit 1; }
DISPLAY=:$(cat /tmp/display)
export DISPLAY
openbox > /dev/null 2>&1 &

dbus-run-session -- krita --nosplash > krita.log 2>&1 &
krita=$!
for ((tenths = RIG_SECONDS * 10; tenths > 0; tenths--)); do
    kill -0 $krita 2> /dev/null || { wait $krita; exit $?; }
    sleep 0.1
done
import -window root timeout.png # shows the dialog that nobody answered
exit 124                        # whatever still runs ends with the PID namespace
