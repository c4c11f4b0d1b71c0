"""Who may do what: the default rules, those of a file, and files that can't be used."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry_glance.auth.identity import Identity
from registry_glance.auth.policy import Policy, PolicyInvalid, list_rules

EVERYTHING = {"login", "pull", "push", "delete", "catalog"}
READING = {"login", "pull", "catalog"}


def somebody(*roles: str, project: str = "p1", user: str = "u1") -> Identity:
    now = datetime.now(UTC)
    return Identity("t", project, user, frozenset(roles), now, now)


def allowed(policy: Policy, identity: Identity) -> set[str]:
    return {access for access in EVERYTHING if policy.allows(identity, access)}


@pytest.mark.parametrize(
    ("roles", "access"),
    [
        ((), {"login"}),
        (("heat_stack_owner",), {"login"}),
        (("reader",), READING),
        (("member",), EVERYTHING),
        (("admin",), EVERYTHING),
        (("Member", "Reader"), EVERYTHING),
    ],
)
def test_roles_allow_what_they_allow_elsewhere(roles: tuple[str, ...], access: set[str]) -> None:
    assert allowed(Policy(None), somebody(*roles)) == access


def test_what_no_rule_speaks_of_is_denied() -> None:
    assert not Policy(None).allows(somebody("admin"), "destroy")


def test_a_file_overrides_single_rules(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(
        '"registry:push": "role:pusher"\n"registry:catalog": "!"\n'
        '"registry:delete": "rule:boss and project_id:p1"\n"boss": "user_id:u1"\n'
    )
    policy = Policy(str(file))
    assert allowed(policy, somebody("member")) == {"login", "pull", "delete"}
    assert allowed(policy, somebody("pusher", user="u2")) == {"login", "push"}
    assert allowed(policy, somebody("member", project="p2")) == {"login", "pull"}


def test_a_base_rule_can_be_widened(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text('"member": "role:developer"\n')
    assert allowed(Policy(str(file)), somebody("developer")) == {"login", "push", "delete"}


def rewrite(file: Path, text: str) -> None:
    """Write it, with a time that nobody can take for the old one."""
    later = file.stat().st_mtime + 5
    file.write_text(text)
    os.utime(file, (later, later))


def test_a_changed_file_counts_at_once(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text('"registry:push": "!"\n')
    policy = Policy(str(file))
    assert not policy.allows(somebody("member"), "push")
    rewrite(file, "{}")
    assert policy.allows(somebody("member"), "push")


@pytest.mark.parametrize("text", ["{", "- a\n", '"registry:push": 1\n', "text"])
def test_a_file_that_is_broken_later_is_passed_over(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text('"registry:push": "!"\n')
    policy = Policy(str(file))
    rewrite(file, text)
    assert allowed(policy, somebody("member")) == EVERYTHING - {"push"}
    assert "policy file" in caplog.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not YAML"),
        ("\x00", "not YAML"),
        ("- a\n", "mapping"),
        ("text", "mapping"),
        ("1: a\n", "unknown rule"),
        ('"registry:pul": "@"\n', "unknown rule 'registry:pul'"),
        ('"registry:pull": [1]\n', "'registry:pull' cannot be understood"),
        ('"registry:pull": "role:a or"\n', "cannot be understood"),
        ('"registry:pull": "nonsense"\n', "cannot be understood"),
        ('"registry:pull": "rule:absent"\n', "undefined"),
        ('"registry:pull": "rule:a"\n"a": "rule:registry:pull"\n', "circular"),
    ],
    ids=range(11),
)
def test_a_file_that_cannot_be_used_is_told_in_one_line(
    tmp_path: Path, text: str, why: str
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    with pytest.raises(PolicyInvalid) as raised:
        Policy(str(file))
    assert str(raised.value).startswith(f"{file}: ")
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyInvalid, match="No such file"):
        Policy(str(tmp_path / "policy.yaml"))


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("# nothing yet\n")
    assert allowed(Policy(str(file)), somebody("reader")) == READING


def test_every_rule_is_documented() -> None:
    names = {rule.name for rule in list_rules()}
    assert names == {"reader", "member"} | {f"registry:{access}" for access in EVERYTHING}
    assert all(rule.description for rule in list_rules())
