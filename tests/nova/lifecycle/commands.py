"""What images run in busybox's shell."""

#: Runs until it is told to end, and says both.
PATIENT = "trap 'echo bye; exit 7' TERM; echo hello; while :; do /bin/busybox sleep 0.2; done"
#: Hears nothing but SIGKILL.
STUBBORN = "trap '' TERM; echo hello; while :; do /bin/busybox sleep 0.2; done"
#: Says nothing.
SILENT = "exec /bin/busybox sleep 100000"
