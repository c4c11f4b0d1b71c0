"""The line of Glance's policy that lets the registry read for others."""

from __future__ import annotations

import json

from registry_glance.doctor.finding import Finding, Trouble, fail, ok
from registry_glance.doctor.site import Site

PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
FORBIDDEN = 403
POLICY = (
    "in Glance's policy.yaml ([oslo_policy] policy_file in glance-api.conf), then restart Glance:",
    'context_is_admin: "role:admin or role:image_registry"',
)


def all_projects(site: Site) -> Finding:
    """Glance shows us the rows of all projects.

    Only those whom `context_is_admin` fits may set a row's owner, even to the owner it has.
    """
    if site.config.auth == "none":
        return ok("not needed with auth: none")
    change = [{"op": "replace", "path": "/owner", "value": site.access.project_id}]
    with site.probes.row() as row_id:
        path = f"/v2/images/{row_id}"
        answer = site.glance("PATCH", path, data=json.dumps(change), headers=PATCH)
    if answer.status_code == FORBIDDEN:
        return fail("Glance's policy does not let us read what others may see", *POLICY)
    if not answer.ok:
        raise Trouble(f"Glance answers {answer.status_code} to a change of an image")
    return ok("Glance's context_is_admin holds for us")
