"""What Glance makes of images such as the registry's: their creation, their data."""

from __future__ import annotations

import hashlib

from registry_glance.doctor.finding import Finding, fail, ok, warn
from registry_glance.doctor.roles import given
from registry_glance.doctor.site import Site, document

#: No row of the registry has more.
PROPERTIES = 12
CREATED, NO_CONTENT, FORBIDDEN, TOO_LARGE = 201, 204, 403, 413
DATA = b"registry-glance doctor\n"
OCTETS = {"Content-Type": "application/octet-stream"}
SHA256 = (
    "with sha256 a layer's os_hash_value is its digest, and nothing is hashed twice;",
    "in glance-api.conf, then restart Glance:",
    "[DEFAULT]",
    "hashing_algorithm = sha256",
)


def creation(site: Site) -> Finding:
    """An image of a chosen ID can be made, with as many properties as ours have."""
    properties = {f"oci_probe{number}": "x" * 255 for number in range(PROPERTIES)}
    row_id, answer = site.probes.create(properties)
    site.probes.delete(row_id)
    if answer.status_code == CREATED and document(answer, "Glance").get("id") == row_id:
        return ok(f"of a chosen ID, with {PROPERTIES} properties")
    if answer.status_code == FORBIDDEN:
        return fail("Glance lets us create no image", *given(site, ["member"]))
    if answer.status_code == TOO_LARGE:
        return _too_many(site)
    return fail(f"Glance answers {answer.status_code} to the creation of an image")


def data(site: Site) -> Finding:
    """Bytes come back as they went, and their hash is the digest of a layer."""
    with site.probes.row() as row_id:
        path = f"/v2/images/{row_id}"
        answer = site.glance("PUT", f"{path}/file", data=DATA, headers=OCTETS)
        if answer.status_code != NO_CONTENT:
            return fail(f"Glance answers {answer.status_code} to an upload", "see Glance's log")
        row = document(site.glance("GET", path), "Glance")
        back = site.glance("GET", f"{path}/file")
    if row.get("status") != "active" or row.get("size") != len(DATA):
        return fail(f"an image is {row.get('status')} after its upload, not active")
    if not back.ok:
        return fail(f"Glance answers {back.status_code} to a download", *given(site, ["member"]))
    algorithm = str(row.get("os_hash_algo"))
    if back.content != DATA or not _hashed(row.get("os_hash_value"), algorithm):
        return fail("Glance returns other bytes than it was given", "see Glance's store")
    return ok("sha256") if algorithm == "sha256" else warn(f"hashed with {algorithm}", *SHA256)


def _hashed(value: object, algorithm: str) -> bool:
    """Whether it is the data's hash, as far as we know the algorithm."""
    if algorithm not in hashlib.algorithms_guaranteed or algorithm.startswith("shake"):
        return True
    return value == hashlib.new(algorithm, DATA).hexdigest()


def _too_many(site: Site) -> Finding:
    """Whether it is the properties or the image that is one too many."""
    row_id, answer = site.probes.create({})
    site.probes.delete(row_id)
    if answer.status_code == CREATED:
        return fail(
            f"Glance allows an image fewer than {PROPERTIES} properties; in glance-api.conf:",
            "[DEFAULT]",
            "image_property_quota = 128",
        )
    return fail(
        "the project's quota of images is exhausted",
        f"openstack limit create --project {site.access.project_id} --service glance "
        "--resource-limit 100000 image_count_total",
    )
