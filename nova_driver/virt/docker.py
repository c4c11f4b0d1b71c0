"""What Nova imports as `nova.virt.docker`; see nova_driver/plugin.py."""

from nova_driver.docker.driver import DockerDriver

__all__ = ["DockerDriver"]
