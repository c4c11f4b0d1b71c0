"""The checks, in the order in which they are made, and what each of them needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from registry_glance.doctor import (
    access,
    clocks,
    disk,
    glance_policy,
    image_api,
    image_names,
    images,
    keystone,
    listening,
    roles,
    threads,
)
from registry_glance.doctor.finding import Finding, Level, Trouble, fail, warn
from registry_glance.doctor.site import Site

Tell = Callable[[str, Finding], None]


@dataclass(frozen=True, slots=True)
class Check:
    """A question; `needs` names the checks that must not have failed before it makes sense."""

    name: str
    examine: Callable[[Site], Finding]
    needs: tuple[str, ...] = ()


CHECKS = (
    Check("listen", listening.listen),
    Check("certificate", listening.certificate),
    Check("anonymous", access.anonymous),
    Check("policy file", access.policy_file),
    Check("disk", disk.disk),
    Check("keystone", keystone.answers),
    Check("credentials", keystone.credentials, ("keystone",)),
    Check("roles", roles.roles, ("credentials",)),
    Check("token checks", roles.token_checks, ("credentials",)),
    Check("catalog", keystone.catalog, ("credentials",)),
    Check("glance", image_api.answers, ("catalog",)),
    Check("clocks", clocks.clocks, ("glance",)),
    Check("token", image_api.token, ("glance",)),
    Check("formats", image_api.formats, ("token",)),
    Check("quota", image_api.quota, ("token",)),
    Check("image names", image_names.image_names, ("token",)),
    Check("creation", images.creation, ("formats",)),
    Check("data", images.data, ("creation",)),
    Check("all projects", glance_policy.all_projects, ("creation",)),
    Check("threads", threads.threads, ("data",)),
)


def examine(site: Site, tell: Tell) -> bool:
    """Make all checks, and tell each finding as it comes; whether none was a FAIL.

    Whatever was made in Glance is deleted at the end, also when this is interrupted.
    """
    failed: list[str] = []
    sound: set[str] = set()
    try:
        for check in CHECKS:
            missing = [name for name in check.needs if name not in sound]
            finding = (
                warn(f"not checked without: {', '.join(missing)}") if missing else made(check, site)
            )
            tell(check.name, finding)
            if finding.level is Level.FAIL:
                failed.append(check.name)
            elif not missing:
                sound.add(check.name)
    finally:
        site.probes.delete_all()
    if site.probes.left:
        tell("probes", left_behind(site.probes.left))
    return not failed


def made(check: Check, site: Site) -> Finding:
    """The finding of one check; a cloud that answers nonsense makes it fail, and no other."""
    try:
        return check.examine(site)
    except Trouble as trouble:
        return trouble.finding
    except Exception as error:
        return fail(f"an answer that makes no sense to us ({type(error).__name__})")


def left_behind(rows: tuple[str, ...]) -> Finding:
    """Images of ours that Glance did not delete."""
    return warn("images of this examination are left", f"openstack image delete {' '.join(rows)}")
