"""A cloud that was stopped and comes back."""

from __future__ import annotations

from registry_glance.embedded.cloud import Cloud


def back(cloud: Cloud) -> None:
    """Start Keystone again, and wait until it answers."""
    cloud.keystone_process.start()
    cloud.keystone_process.wait_answering(cloud.auth_url)
