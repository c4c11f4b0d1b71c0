"""Keystone: that it is there, knows the registry, and knows where Glance is."""

from __future__ import annotations

from typing import Any

from registry_glance.doctor.finding import Finding, Trouble, fail, ok, warn
from registry_glance.doctor.site import Site, document, region
from registry_glance.doctor.told import without_password

PROJECT = (
    "cloud:",
    "  auth:",
    "    project_name: registry",
    "    project_domain_name: Default",
)


def answers(site: Site) -> Finding:
    """Identity API v3 is spoken at auth_url."""
    place = without_password(site.keystone_url)
    content = document(site.keystone(authenticated=False), "Keystone")
    found = [name for name in _versions(content) if name.startswith("v3")]
    if not found:
        return fail(f"{place} speaks no Identity API v3", "auth_url ends in /v3, or in nothing")
    return ok(f"{place}, Identity API {found[0]}")


def credentials(site: Site) -> Finding:
    """Keystone gives us a token, which is for a project."""
    access = site.access
    if not access.project_scoped:
        return fail("they are for no project", *PROJECT)
    return ok(f"user {access.username} of {access.user_domain_name}")


def catalog(site: Site) -> Finding:
    """Glance has an address in our region and interface, and only one."""
    cloud = site.cloud
    if cloud.endpoint:
        return ok(f"image at {without_password(cloud.endpoint)} (image_endpoint_override)")
    missing = [service for service in ("image", "identity") if not site.catalogued(service)]
    if "image" in missing:
        raise Trouble(f"no image endpoint in {_where(site)}", *_choices(site))
    regions = {region(endpoint) for endpoint in site.endpoints("image")}
    if cloud.region is None and len(regions) > 1:
        return warn("several regions have a Glance, and none is set", *_choices(site))
    if missing:
        return warn(f"no identity endpoint in {_where(site)}; auth_url is used")
    return ok(f"image at {without_password(site.glance_url)}, {_where(site)}")


def _where(site: Site) -> str:
    return f"region {site.cloud.region or 'any'}, interface {site.cloud.interface}"


def _choices(site: Site) -> tuple[str, ...]:
    """The settings with which there would be an endpoint."""
    places = sorted({(region(one), str(one["interface"])) for one in site.endpoints("image")})
    if not places:
        return (
            "openstack service create --name glance image",
            "openstack endpoint create --region REGION image public https://glance.example.org",
        )
    return tuple(f"cloud: {{region: {where}, interface: {kind}}}" for where, kind in places)


def _versions(content: dict[str, Any]) -> list[str]:
    """The IDs of a version document, which is of one version or of several."""
    several = content.get("versions")
    entries = several.get("values", []) if isinstance(several, dict) else [content.get("version")]
    return [str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry]
