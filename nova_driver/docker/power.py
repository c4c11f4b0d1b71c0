"""What a container's state is to Nova."""

from __future__ import annotations

from nova.compute import power_state

#: State.Status (Engine API, ContainerInspect) -> power state
POWER = {
    "created": power_state.SHUTDOWN,
    "running": power_state.RUNNING,
    "paused": power_state.PAUSED,
    "restarting": power_state.RUNNING,
    "removing": power_state.SHUTDOWN,
    "exited": power_state.SHUTDOWN,
    "dead": power_state.CRASHED,
}


def power(status: str) -> int:
    """The power state for a container's status; NOSTATE for one that is not known here."""
    return int(POWER.get(status, power_state.NOSTATE))
