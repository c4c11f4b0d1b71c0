"""The settings of who may do what."""

from __future__ import annotations

from registry_glance.auth.policy import Policy, PolicyInvalid
from registry_glance.doctor.finding import Finding, fail, ok, warn
from registry_glance.doctor.site import Site


def anonymous(site: Site) -> Finding:
    """Public images without a login are a decision, not an accident."""
    config = site.config
    if config.auth == "none" or not config.access.anonymous:
        return ok("off" if config.auth == "keystone" else "auth: none, everybody is let in")
    return warn(
        "whoever reaches the registry pulls what is public in Glance, without a login",
        "unless that is wanted: access: {anonymous: false}",
    )


def policy_file(site: Site) -> Finding:
    """The rules that are set can be read and mean something."""
    path = site.config.access.policy_file
    if path is None:
        return ok("none set, the registry's own rules")
    try:
        Policy(path)
    except PolicyInvalid as error:
        return fail(str(error), "access: {policy_file: null}")
    return ok(path)
