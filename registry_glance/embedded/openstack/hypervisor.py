"""What a nova-compute boots servers on."""

from dataclasses import dataclass

#: Those of Nova's drivers that speak to a Docker Engine.
DOCKER_DRIVERS = "docker."


@dataclass(frozen=True)
class Hypervisor:
    """A compute host by its name in Nova, with Nova's `compute_driver` for it.

    `docker` is the Docker Engine's address, `registry` the HOST:PORT that it pulls from; other
    drivers do not look at them. `switch` is the database of the Open vSwitch that ports are plugged
    into, as in unix:/PATH; it needs root. A host must keep its name: its servers are found by it.
    """

    host: str = "registry-glance"
    driver: str = "docker.DockerDriver"
    docker: str = "unix:///var/run/docker.sock"
    registry: str = "127.0.0.1:5042"
    switch: str | None = None

    @property
    def needs_engine(self) -> bool:
        """Whether its servers are containers of the Docker Engine."""
        return self.driver.startswith(DOCKER_DRIVERS)
