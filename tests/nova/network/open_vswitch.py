"""An Open vSwitch of our own, in user space: no module of the kernel is needed."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

from tests.clients.program import Program, missing

SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
#: The switch in user space makes a device of a fixed name, so there is one at a time on a machine.
LOCK = Path(tempfile.gettempdir()) / "registry-glance-open-vswitch.lock"


class OpenVSwitch:
    """ovsdb-server and ovs-vswitchd, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = f"unix:{folder}/db.sock"
        places = {name: str(folder) for name in ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR")}
        self._run = Program("/usr/bin/env", env=places)
        self.vsctl = Program("ovs-vsctl", f"--db={self.connection}", "--timeout=30", env=places)

    @staticmethod
    def obstacle() -> str | None:
        """Why none can be started by this user on this machine, or None."""
        if os.geteuid() != 0:
            return "Open vSwitch needs root"
        return missing("ovs-vsctl", "ovs-vswitchd", "ovsdb-server", "ovsdb-tool", "ip", "nsenter")

    def start(self) -> None:
        """Return when it takes orders; wait for another one on this machine to end before."""
        self._lock = LOCK.open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._run("ovsdb-tool", "create", self.folder / "conf.db", SCHEMA)
        remote = f"--remote=punix:{self.folder}/db.sock"
        self._daemon("ovsdb-server", self.folder / "conf.db", remote)
        self.vsctl("--no-wait", "init")
        self._daemon("ovs-vswitchd", self.connection)

    def stop(self) -> None:
        """End it, with all devices that it has made."""
        for name, words in (("ovs-vswitchd", ["--cleanup"]), ("ovsdb-server", [])):
            self._run("ovs-appctl", "-t", self.folder / f"{name}.ctl", "exit", *words)
        self._lock.close()

    def add_bridge(self, name: str) -> None:
        """Make a bridge, on which all ports hear each other."""
        kind = ("--", "set", "bridge", name, "datapath_type=netdev")
        self.vsctl("add-br", name, *kind)

    def remove_bridge(self, name: str) -> None:
        """Remove a bridge."""
        self.vsctl("del-br", name)

    def ports(self, bridge: str) -> list[str]:
        """The names of a bridge's ports."""
        return self.vsctl.output("list-ports", bridge).decode().split()

    def _daemon(self, name: str, *words: str | Path) -> None:
        folder = self.folder
        files = (f"--unixctl={folder}/{name}.ctl", f"--log-file={folder}/{name}.log")
        options = (f"--pidfile={folder}/{name}.pid", "--detach", "-vconsole:off")
        self._run(name, *words, *files, *options)
