"""What Keystone lets the registry's own user do."""

from __future__ import annotations

from shlex import quote

from registry_glance.doctor.finding import Finding, fail, ok, warn
from registry_glance.doctor.site import Site

#: By the setting `auth`: what the registry's user needs on its project.
NEEDED = {"none": ("member",), "keystone": ("service", "image_registry")}
#: Why, one reason a role.
REASONS = {
    "member": "to create images",
    "service": "to ask Keystone who the callers are",
    "image_registry": "to read data for those who may see an image",
}
#: Roles that no cloud has from the start.
NEW = ("image_registry",)
FORBIDDEN = 403


def roles(site: Site) -> Finding:
    """The user has what it needs on its project, and no more."""
    access, auth = site.access, site.config.auth
    names = sorted(access.role_names)
    if "admin" in names:
        return warn(
            "admin: whoever takes over the registry has the whole cloud; make a narrow user:",
            *narrow_user(auth),
        )
    lacking = [name for name in NEEDED[auth] if name not in names]
    if lacking:
        reasons = ", ".join(f"{name} ({REASONS[name]})" for name in lacking)
        return fail(f"lacking with auth: {auth}: {reasons}", *given(site, lacking))
    return ok(f"{', '.join(names)} on project {access.project_name}")


def token_checks(site: Site) -> Finding:
    """Keystone would tell us who somebody else's token belongs to.

    Asked without a token to check: 403 comes from the policy alone, before Keystone looks for it.
    A token of our own proves nothing, for everybody may check his own (`rule:token_subject`).
    """
    if site.config.auth == "none":
        return ok("not needed with auth: none")
    path = "/auth/tokens" if site.keystone_url.endswith("/v3") else "/v3/auth/tokens"
    answer = site.keystone(path)
    if answer.status_code == FORBIDDEN:
        return fail(
            "Keystone does not let us validate the callers' tokens", *given(site, ["service"])
        )
    return ok("Keystone lets us validate the callers' tokens")


def given(site: Site, names: list[str]) -> list[str]:
    """Commands that give the registry's user the roles."""
    user, project = quote(site.access.user_id), quote(site.access.project_id)
    lines = [f"openstack role create --or-show {name}" for name in names if name in NEW]
    lines += [f"openstack role add --user {user} --project {project} {name}" for name in names]
    if site.cloud.auth_type == "v3applicationcredential":
        lines.append("and a new application credential: it keeps the roles it was made with")
    return lines


def narrow_user(auth: str) -> list[str]:
    """Commands that make a user with what is needed, and the settings to use it."""
    names = ("member", *NEEDED["keystone"]) if auth == "keystone" else NEEDED["none"]
    return [
        "openstack project create registry",
        "openstack user create --project registry --password-prompt registry",
        *(f"openstack role create --or-show {name}" for name in names if name in NEW),
        *(f"openstack role add --user registry --project registry {name}" for name in names),
        "cloud: {auth: {username: registry, project_name: registry, ...}}",
    ]
