"""Glance's API: its version, what it accepts, and how much."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from registry_glance.doctor.finding import Finding, fail, ok, warn
from registry_glance.doctor.site import Site, document
from registry_glance.doctor.told import without_password

#: What each of our rows has.
FORMATS = {"container_format": "docker", "disk_format": "raw"}
#: Share of a quota above which it is time to think of more.
NEARLY = 0.9


def answers(site: Site) -> Finding:
    """Image API v2 is spoken at the endpoint."""
    place = without_password(site.glance_url)
    if urlsplit(site.glance_url).path.endswith(("/v1", "/v2")):
        return fail(
            f"{place} has a version in it, which is the client's to add",
            f"openstack endpoint set --url {place.rpartition('/')[0]} ENDPOINT_ID",
        )
    versions = _versions(document(site.glance("GET", "/", authenticated=False), "Glance"))
    if not versions:
        return fail(f"{place} speaks no Image API v2")
    return ok(f"{place}, Image API v2.{versions[-1]}")


def token(site: Site) -> Finding:
    """Glance takes the token that Keystone gave us."""
    answer = site.glance("GET", "/v2/images?limit=1")
    if answer.ok:
        return ok("taken")
    return fail(
        f"Glance answers {answer.status_code} to Keystone's token",
        "see [keystone_authtoken] in glance-api.conf, Glance's log, and the clocks above",
    )


def formats(site: Site) -> Finding:
    """Images may be of the formats that ours have."""
    properties = document(site.glance("GET", "/v2/schemas/image"), "Glance").get("properties", {})
    lacking = [
        f"{name} {value}"
        for name, value in FORMATS.items()
        if value not in (properties.get(name, {}).get("enum") or [value])
    ]
    if lacking:
        return fail(f"Glance does not accept {' and '.join(lacking)}", *_more_formats(properties))
    return ok("container_format docker and disk_format raw are accepted")


def quota(site: Site) -> Finding:
    """Unified limits leave our project room: we make many images, most of them hidden."""
    answer = site.glance("GET", "/v2/info/usage")
    if not answer.ok:
        return ok("Glance does not tell")
    findings = [
        _used(name, int(entry["usage"]), int(entry["limit"]), site)
        for name, entry in document(answer, "Glance").get("usage", {}).items()
        if int(entry["limit"]) >= 0
    ]
    bad = [finding for finding in findings if finding.remedy]
    return bad[0] if bad else ok(", ".join(one.found for one in findings) or "no limits")


def _used(name: str, usage: int, limit: int, site: Site) -> Finding:
    raise_it = (
        f"openstack limit create --project {site.access.project_id} --service glance "
        f"--resource-limit {max(10 * limit, 1000)} {name}",
    )
    said = f"{name} {usage} of {limit}"
    if name == "image_count_uploading" and limit < site.config.glance.puts:
        return warn(
            f"{name} is {limit}, glance.puts is more", *raise_it, f"glance: {{puts: {limit}}}"
        )
    if usage >= limit:
        return fail(f"exhausted: {said}", *raise_it)
    return warn(f"nearly exhausted: {said}", *raise_it) if usage > NEARLY * limit else ok(said)


def _versions(content: dict[str, Any]) -> list[int]:
    """The minor versions of Image API v2, in order."""
    names = [str(entry.get("id", "")) for entry in content.get("versions", [])]
    minors = (name.removeprefix("v2.") for name in names if name.startswith("v2."))
    return sorted(int(minor) for minor in minors if minor.isdecimal())


def _more_formats(properties: dict[str, Any]) -> tuple[str, ...]:
    """What glance-api.conf has to say."""
    lines = []
    for name, value in FORMATS.items():
        known = [str(one) for one in properties.get(name, {}).get("enum") or [] if one]
        lines.append(f"{name}s = {','.join(dict.fromkeys([*known, value]))}")
    return ("in glance-api.conf, then restart Glance:", "[image_format]", *lines)
