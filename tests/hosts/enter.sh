#!/bin/bash
# Runs COMMAND inside the root file system ROOT, in mount and PID namespaces of its own (root needed).
#
#   enter.sh ROOT [--bind SOURCE:PLACE]... [--env NAME=VALUE]... [--] COMMAND [ARGUMENT]...
#
# /proc, /dev, an empty /tmp and the --bind folders are there for this run alone. When COMMAND ends,
# or this script is ended by any signal, the kernel takes away the mounts and every process started
# inside: nothing to unmount, nothing to kill by name, and removing ROOT never reaches a bound folder.
# The network is the caller's.
set -eu

if [ "${1:-}" != --inside ]; then # outer half: make the namespaces, end them with us
    [ $# -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
    # `unshare --fork` blocks SIGTERM and SIGINT: we stay its parent and turn every end into SIGKILL.
    setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child \
        --mount-proc -- /bin/bash "$0" --inside "$@" <&0 &
    inside=$!
    trap 'kill -KILL "$inside" 2>/dev/null || :' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    status=0
    wait "$inside" || status=$?
    exit "$status"
fi

shift # inner half: we are PID 1 of the new namespace
root=$(readlink -f "$1")
shift
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
if [ -d "$root/dev/shm" ]; then mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"; fi
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
environment+=(LANG=C.UTF-8 LC_ALL=C.UTF-8)
while [ $# -gt 0 ]; do
    case $1 in
        --bind)
            mkdir -p "$root${2#*:}"
            mount --bind "${2%%:*}" "$root${2#*:}"
            shift 2
            ;;
        --env)
            environment+=("$2")
            shift 2
            ;;
        --)
            shift
            break
            ;;
        *) break ;;
    esac
done
# No exec: a shell as PID 1 reaps orphans, and COMMAND keeps the usual meaning of signals.
status=0
chroot "$root" env -i "${environment[@]}" "$@" || status=$?
exit "$status"
