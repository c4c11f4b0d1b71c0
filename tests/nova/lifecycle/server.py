"""A server: what Nova says of it, and the container that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openstack.exceptions import NotFoundException

from tests.nova.lifecycle.region import wait

if TYPE_CHECKING:
    from tests.nova.lifecycle.member import Member


class Server:
    """One server of a member."""

    def __init__(self, member: Member, id: str) -> None:
        self.member = member
        self.id = id

    def show(self) -> Any:
        """`openstack server show`."""
        return self.member.compute.get_server(self.id)

    def wait(self, status: str) -> Server:
        """Wait until Nova does nothing with it any more and it has this status."""
        wait(lambda: self._is(status), f"{self.id} in {status}")
        return self

    def wait_gone(self) -> None:
        """Wait until Nova does not know it any more."""
        wait(self.is_gone, f"the end of {self.id}")

    def console(self, length: int | None = None) -> str:
        """`openstack console log show`."""
        said = self.member.compute.get_server_console_output(self.id, length=length)
        return str(said["output"])

    def wait_console(self, text: str) -> None:
        """Wait until this is all that it has written."""
        wait(lambda: self.console() == text, f"{text!r} on the console of {self.id}")

    @property
    def container(self) -> dict[str, Any]:
        """What `docker inspect` says."""
        return self.member.region.inspect(self.id)

    @property
    def state(self) -> dict[str, Any]:
        """The container's state."""
        return dict(self.container["State"])

    @property
    def host(self) -> str:
        """The compute host."""
        return self.member.region.host_of(self.id)

    def run(self, script: str) -> str:
        """What a script in busybox's shell says, inside."""
        words = ("exec", f"nova-{self.id}", "/bin/busybox", "sh", "-c", script)
        return self.member.region.docker(self.id).output(*words).decode()

    @property
    def fault(self) -> str:
        """What Nova tells its owner of what went wrong."""
        return str((self.show().fault or {}).get("message", ""))

    def _is(self, status: str) -> bool:
        found = self.show()
        if found.status == "ERROR" != status and found.task_state is None:
            raise AssertionError(f"{self.id} in ERROR: {found.fault}")
        return found.status == status and found.task_state is None

    def is_gone(self) -> bool:
        try:
            self.show()
        except NotFoundException:
            return True
        return False
