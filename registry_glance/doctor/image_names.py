"""The filter in Glance that lets images be found by names with a colon."""

from __future__ import annotations

from registry_glance.doctor.finding import Finding, Trouble, ok, warn
from registry_glance.doctor.site import Site

BAD_REQUEST = 400
FILTER = (
    "pip install registry-glance where Glance is; in glance-api-paste.ini, and image_names",
    "into the pipelines, right before rootapp; then restart Glance:",
    "[filter:image_names]",
    "paste.filter_factory = registry_glance.glance.name_filter:filter_factory",
)


def image_names(site: Site) -> Finding:
    """`openstack server create --image NAME:TAG` finds the image."""
    answer = site.glance("GET", "/v2/images?name=registry-glance-doctor:latest&limit=1")
    if answer.status_code == BAD_REQUEST:
        return warn("openstack's clients cannot find images as NAME:TAG", *FILTER)
    if not answer.ok:
        raise Trouble(f"Glance answers {answer.status_code} to a name with a colon")
    return ok("NAME:TAG is found")
