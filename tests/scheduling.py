"""Which tests one process takes together, where several run at once."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

#: What shares a cloud, or a switch of which a machine has one, and so is quicker in one process.
TOGETHER = {
    "tests/nova/driver/": "driver",
    "tests/nova/lifecycle/": "openstack",
    "tests/nova/network/": "network",
    "tests/nova/test_openstack.py": "openstack",
}


class ByCloud(LoadFileScheduling):
    """A file for a process, or all files that share what takes long to start."""

    def _split_scope(self, nodeid: str) -> str:
        shared = (name for place, name in TOGETHER.items() if nodeid.startswith(place))
        return next(shared, super()._split_scope(nodeid))
