"""What the log says of those who log in, and what it never says."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from registry_glance.embedded.cloud import Cloud
from tests.access.conftest import eventually
from tests.access.test_logins import TOKEN, Known, basic, of, posted
from tests.api.client import Answer
from tests.api.content import Pusher
from tests.auth.admin import Admin
from tests.faults.behind import behind
from tests.faults.fault import ANY, Fault, Kind, answers
from tests.tenants import Tenants

#: As much of a secret as nobody may read; a shorter one is nobody's as a whole.
LENGTH = 20


@dataclass
class Secrets:
    """All that was shown to the registry, or got from it, and is nobody else's business."""

    found: set[str] = field(default_factory=set)

    def add(self, *some: str) -> None:
        """Remember them, and the two halves of what was a header."""
        for one in some:
            self.found |= {one, one.partition(" ")[2]}

    def parts(self) -> Iterator[str]:
        """What is looked for."""
        for one in self.found - {""}:
            for start in range(max(1, len(one) - LENGTH + 1)):
                yield one[start : start + LENGTH]

    def told(self, log: str) -> set[str]:
        """Those that somebody can read in a log."""
        return {part for part in self.parts() if part in log}


def test_a_secret_is_found_by_any_part_of_it() -> None:
    known, long = Secrets(), secrets.token_hex(50)
    known.add("secret", f"Bearer {long}")
    assert known.told(f"x {long[33:53]} y") == {long[33:53]}
    assert known.told("a secret.") == {"secret"}
    assert not known.told(f"x {long[:18]} y {long[30:49]} secre")


@pytest.mark.parametrize("level", ["info", "debug"])
def test_the_log_tells_who_did_what_and_no_secret(
    cloud: Cloud, tenants: Tenants, tmp_path: Path, repository: str, level: str
) -> None:
    alice, known = tenants.alice, Secrets()
    changes = {"auth": "keystone", "workers": 1, "glance": {"retries": 1}, "log": {"level": level}}
    soon = {"access": {"cache_time": 1}, "cache": {"staleness": 0}}
    with behind(cloud, tmp_path, **changes, **soon) as place:
        client = place.client

        def ask(authorization: str, method: str = "GET", path: str = "/v2/") -> Answer:
            known.add(authorization)
            return client(method, path, Authorization=authorization)

        made = alice.application_credential()
        known.add(alice.password, made.secret, cloud.registry.password)
        robot = basic(f"applicationcredential-{made.id}", made.secret)
        token = ask(of(alice), path=TOKEN).json["token"]
        by_robot = ask(robot, path=TOKEN).json["token"]
        user = {"username": alice.login, "password": alice.password, "access_type": "offline"}
        by_form = posted(client, grant_type="password", **user).json["refresh_token"]
        again = posted(client, grant_type="refresh_token", refresh_token=by_form).json["token"]
        known.add(token, by_robot, by_form, again)

        wrong = secrets.token_hex(30)
        known.add(wrong)
        for bad in (
            basic(alice.login, wrong),
            basic(f"applicationcredential-{made.id}", wrong),
            basic("token", wrong),
            basic("token", token[:-3]),
            basic(wrong, ""),
            f"Bearer {wrong}",
            f"Bearer {token[:-3]}",
            f"Bearer {token} {token}",
            f"Basic {token}",
            f"Token {token}",
            token,
        ):
            assert ask(bad).status == 401
        assert ask(of(alice), path=f"{TOKEN}?password={wrong}&token={token}").status == 200
        assert posted(client, grant_type="refresh_token", refresh_token=wrong).status == 401
        assert posted(client, grant_type=wrong, password=alice.password).status == 400

        pusher = Pusher(Known(client.address, f"Bearer {token}"), repository)
        pusher.image("latest", secrets.token_bytes(1000))
        rita = Known(client.address, of(tenants.rita))
        known.add(of(tenants.rita), tenants.rita.password)
        assert rita("GET", pusher.path("manifests/latest")).status == 200
        assert rita("POST", pusher.path("blobs/uploads/")).status == 403

        for proxy, request in (
            (place.glance, lambda: pusher.client("GET", pusher.path("tags/list")).status),
            (place.keystone, lambda: ask(of(alice), path=TOKEN).status),
        ):
            for fault, status in (
                (answers(500), 503),
                (Fault("", ANY, Kind.RESET), 503),
                (answers(401), 401),
            ):
                proxy.fail(fault)
                eventually(request, status)
                place.settle()
        Admin(cloud).revoke(token)
        eventually(lambda: pusher.client("GET", pusher.path("tags/list")).status, 401)

        known.add(*place.glance.tokens, *place.keystone.tokens)
        lines = [line for line in place.registry.log.splitlines() if f"/{repository}/" in line]
        assert not known.told(place.registry.log)
        assert any(" 201 0 " in line and f" {alice.project_id} " in line for line in lines)
