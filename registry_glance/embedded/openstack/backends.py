"""What Placement and Nova stand on: MariaDB and RabbitMQ."""

from collections.abc import Iterable
from pathlib import Path

from ..passwords import Passwords
from ..ports import RememberedPorts, pick_free
from ..process import Process
from .mariadb import MariaDB
from .rabbitmq import Ports, RabbitMQ


class Backends:
    """A MariaDB and a RabbitMQ of one's own, below the folder `state`.

    Raises CannotStart when they are not installed.
    """

    def __init__(
        self, state: Path, logs: Path, ports: RememberedPorts, passwords: Passwords
    ) -> None:
        def port(name: str) -> int:
            return ports.assign(name, None, pick_free())

        self._mariadb = MariaDB(
            state / "mariadb", logs / "mariadb.log", port("mariadb"), passwords.of("mariadb")
        )
        broker = Ports(port("rabbitmq"), port("rabbitmq-nodes"), port("epmd"))
        self._rabbitmq = RabbitMQ(
            state / "rabbitmq", logs / "rabbitmq.log", broker, passwords.of("rabbitmq")
        )
        self._database_process = self._mariadb.process()
        self._epmd = self._rabbitmq.epmd()
        self._broker_process = self._rabbitmq.process()

    @property
    def processes(self) -> list[Process]:
        """All, in the order in which they are to be stopped."""
        return [self._broker_process, self._epmd, self._database_process]

    @property
    def addresses(self) -> dict[str, str]:
        """The URLs by the processes' names, without passwords."""
        return {"mariadb": self._mariadb.address, "rabbitmq": self._rabbitmq.address}

    @property
    def messages(self) -> str:
        """oslo.messaging's URL, with the password."""
        return self._rabbitmq.url

    def database(self, name: str) -> str:
        """SQLAlchemy's URL of a database, with the password."""
        return self._mariadb.url(name)

    def configure(self, databases: Iterable[str]) -> None:
        """Write what the databases are."""
        self._mariadb.configure(databases)

    def start(self) -> None:
        """Start both, and wait for the databases; the broker takes longer."""
        self._rabbitmq.configure()
        self._epmd.start()
        self._epmd.wait_until(self._rabbitmq.epmd_listens, "does not listen")
        self._broker_process.start()
        if setup := self._mariadb.setup():
            setup.start()
            setup.wait_finished()
        self._database_process.start()
        self._database_process.wait_until(self._mariadb.is_ready, "lets nobody in")

    def wait_ready(self) -> None:
        """Wait for the broker."""
        self._broker_process.wait_until(self._rabbitmq.is_ready, "lets nobody in")

    def serves(self, queue: str) -> bool:
        """Whether somebody takes messages from a queue."""
        return self._rabbitmq.serves(queue)
