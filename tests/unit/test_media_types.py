"""Media types that a registry must tell apart."""

from __future__ import annotations

import pytest

from registry_glance.oci import media_types


def test_every_manifest_is_either_an_image_or_an_index() -> None:
    assert not media_types.IMAGES & media_types.INDEXES
    assert media_types.IMAGES | media_types.INDEXES == media_types.MANIFESTS
    assert not media_types.MANIFESTS & (media_types.SCHEMA1 | media_types.GENERIC)


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ],
)
def test_layers_fetched_from_elsewhere_need_not_be_pushed(media_type: str) -> None:
    assert not media_types.is_distributable(media_type)


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.oci.empty.v1+json",
        "",
    ],
)
def test_all_other_layers_must_be_pushed(media_type: str) -> None:
    assert media_types.is_distributable(media_type)
