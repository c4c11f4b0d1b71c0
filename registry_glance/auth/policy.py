"""What the roles of a project's members allow them: oslo.policy's rules.

`list_rules` is the entry point for oslopolicy-sample-generator and its kin.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import yaml
from oslo_config import cfg
from oslo_policy.policy import (
    DocumentedRuleDefault,
    Enforcer,
    InvalidDefinitionError,
    Operation,
    RuleDefault,
)

from registry_glance.auth.identity import Identity
from registry_glance.errors import RegistryError

logger = logging.getLogger(__name__)

NAME = "/v2/{name}"


class PolicyInvalid(RegistryError):
    """A policy file that can't be used; the message says which and why."""


class Policy:
    """The rules, with those of a file in place of the defaults; the file is read when it changes.

    For any number of threads.
    """

    def __init__(self, file: str | None) -> None:
        """Raises PolicyInvalid."""
        self._rules = _enforcer(Path(file).absolute() if file else None)
        self._one_at_a_time = threading.Lock()

    def allows(self, identity: Identity, access: str) -> bool:
        """Whether somebody may login, pull, push, delete or (list the) catalog in his project."""
        target = {"project_id": identity.project}
        creds = {**target, "user_id": identity.user, "roles": sorted(identity.roles)}
        with self._one_at_a_time:
            try:
                return bool(self._rules.enforce(f"registry:{access}", target, creds))
            except (ValueError, TypeError, AttributeError, cfg.Error) as error:
                logger.error("the changed policy file is passed over: %s", _line(error))
                # What was read before is still there, and the file not read again until it changes.
                return bool(self._rules.enforce(f"registry:{access}", target, creds))


def list_rules() -> list[RuleDefault]:
    """The default rules, documented."""
    return [
        RuleDefault(
            "reader",
            "role:reader or role:member or role:admin",
            "Whoever may see what a project has.",
        ),
        RuleDefault("member", "role:member or role:admin", "Whoever may change what it has."),
        _rule("login", "@", "Log in.", ("GET", "/v2/")),
        _rule(
            "pull",
            "rule:reader",
            "Pull images, and list tags and referrers.",
            ("GET", f"{NAME}/manifests/{{reference}}"),
            ("GET", f"{NAME}/blobs/{{digest}}"),
            ("GET", f"{NAME}/tags/list"),
            ("GET", f"{NAME}/referrers/{{digest}}"),
        ),
        _rule(
            "push",
            "rule:member",
            "Push images.",
            ("POST", f"{NAME}/blobs/uploads/"),
            ("PUT", f"{NAME}/manifests/{{reference}}"),
        ),
        _rule(
            "delete",
            "rule:member",
            "Delete tags, manifests and blobs.",
            ("DELETE", f"{NAME}/manifests/{{reference}}"),
            ("DELETE", f"{NAME}/blobs/{{digest}}"),
        ),
        _rule("catalog", "rule:reader", "List repositories.", ("GET", "/v2/_catalog")),
    ]


def _rule(
    access: str, check: str, description: str, *operations: tuple[str, str]
) -> DocumentedRuleDefault:
    paths = [Operation(method=method, path=path) for method, path in operations]
    return DocumentedRuleDefault(f"registry:{access}", check, description, paths)


def _enforcer(file: Path | None) -> Enforcer:
    conf = cfg.ConfigOpts()
    conf(args=[], project="registry-glance", default_config_files=[], default_config_dirs=[])
    if file is None:
        # Without a file of ours it would look for one where other services have theirs.
        defaults = {rule.name: rule.check for rule in list_rules()}
        return Enforcer(conf, rules=defaults, use_conf=False)
    _check_file(file)
    enforcer = Enforcer(conf, policy_file=str(file))
    conf.set_override("policy_dirs", [], group="oslo_policy")
    enforcer.register_defaults(list_rules())
    try:
        enforcer.load_rules()
        enforcer.check_rules(raise_on_violation=True)
    except InvalidDefinitionError as error:
        raise PolicyInvalid(f"{file}: undefined or circular rules: {_line(error)}") from error
    return enforcer


def _check_file(file: Path) -> None:
    """Raise PolicyInvalid for what oslo.policy would pass over, or not say in one line."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise PolicyInvalid(f"{file}: {reason}") from error
    except yaml.YAMLError as error:
        raise PolicyInvalid(f"{file}: not YAML: {_line(error)}") from error
    if not isinstance(content or {}, dict):
        raise PolicyInvalid(f"{file}: must be a mapping of rules")
    known = {rule.name for rule in list_rules()}
    for name, check in (content or {}).items():
        if not isinstance(name, str) or (name.startswith("registry:") and name not in known):
            raise PolicyInvalid(f"{file}: unknown rule {str(name)[:80]!r}")
        if not isinstance(check, str) or not _is_understood(name, check):
            raise PolicyInvalid(f"{file}: {name[:80]!r} cannot be understood")


def _is_understood(name: str, check: str) -> bool:
    """Whether a rule means something: what oslo.policy can't read, it takes for "nobody"."""
    return check.strip() == "!" or str(RuleDefault(name, check).check) != "!"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
