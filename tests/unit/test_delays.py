"""Who guesses waits; who does not, does not."""

from __future__ import annotations

import threading

import pytest

from registry_glance.auth import delays
from registry_glance.auth.delays import LIMIT, LONGEST, PER_ADDRESS, QUIET, Delays, network_of
from registry_glance.errors import TooManyAttempts


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def delays_(clock: Clock) -> Delays:
    return Delays(4, clock, clock.sleep)


def test_the_first_guess_is_free(delays_: Delays, clock: Clock) -> None:
    delays_.wait("192.0.2.1", "ann")
    assert clock.slept == []


def test_each_wrong_guess_doubles_the_wait(delays_: Delays, clock: Clock) -> None:
    for _ in range(9):
        delays_.wait("192.0.2.1", "ann")
        delays_.failed("192.0.2.1", "ann")
    assert clock.slept == [0.25, 0.5, 1, 2, 4, 8, 8, 8]


def test_other_accounts_and_addresses_do_not_wait(delays_: Delays) -> None:
    for _ in range(5):
        delays_.failed("192.0.2.1", "ann")
    assert delays_.due("192.0.2.1", "bob") == 0
    assert delays_.due("192.0.2.2", "ann") == 0


def test_an_address_that_tries_many_names_waits_for_each(delays_: Delays) -> None:
    for number in range(PER_ADDRESS + 10):
        delays_.failed("192.0.2.1", f"user-{number}")
    assert delays_.due("192.0.2.1", "another") == LONGEST
    assert delays_.due("192.0.2.2", "another") == 0


def test_being_right_forgets_the_pair_and_not_the_address(delays_: Delays) -> None:
    for number in range(PER_ADDRESS + 1):
        delays_.failed("192.0.2.1", "ann" if number % 2 else "bob")
    delays_.succeeded("192.0.2.1", "ann")
    assert delays_.due("192.0.2.1", "ann") == delays.SHORTEST


def test_quiet_minutes_forget_all(delays_: Delays, clock: Clock) -> None:
    for _ in range(PER_ADDRESS * 2):
        delays_.failed("192.0.2.1", "ann")
    clock.now += QUIET
    assert delays_.due("192.0.2.1", "ann") == 0
    delays_.failed("192.0.2.1", "ann")
    assert delays_.due("192.0.2.1", "ann") == delays.SHORTEST


def test_memory_is_bounded_and_keeps_who_goes_on(delays_: Delays) -> None:
    for number in range(LIMIT * 2):
        delays_.failed("192.0.2.1", f"user-{number}")
    assert len(delays_._failures) == LIMIT
    assert delays_.due("192.0.2.1", "another") == LONGEST


def test_only_so_many_wait_at_once(clock: Clock) -> None:
    leave, waiting = threading.Event(), threading.Semaphore(0)

    def sleep(seconds: float) -> None:
        waiting.release()
        leave.wait()

    crowd = Delays(2, clock, sleep)
    crowd.failed("192.0.2.1", "ann")
    threads = [
        threading.Thread(target=crowd.wait, args=("192.0.2.1", "ann"), daemon=True)
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert waiting.acquire(timeout=30)
    with pytest.raises(TooManyAttempts) as refused:
        crowd.wait("192.0.2.1", "ann")
    assert refused.value.headers["Retry-After"] == "8"
    crowd.wait("192.0.2.1", "bob")
    leave.set()
    for thread in threads:
        thread.join(30)
    crowd.wait("192.0.2.1", "ann")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("nonsense" * 20, ("nonsense" * 20)[:64]),
    ],
)
def test_a_host_cannot_choose_another_address(address: str, network: str) -> None:
    assert network_of(address) == network
