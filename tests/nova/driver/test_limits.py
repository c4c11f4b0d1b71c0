"""Limits of containers, as pure code."""

from __future__ import annotations

import pytest

from nova_driver.docker.limits import can_limit_disk, limits
from tests.nova.driver.host import flavor


def test_extra_specs_go_before_the_flavor() -> None:
    specs = {
        "quota:cpu_period": "50000",
        "quota:cpu_quota": "25000",
        "quota:cpu_shares": "10",
        "docker:pids_limit": "7",
    }
    found = limits(flavor(extra_specs=specs), 100, limits_disk=False)
    assert (found["CpuPeriod"], found["CpuQuota"], found["CpuShares"]) == (50_000, 25_000, 10)
    assert found["PidsLimit"] == 7


def test_a_longer_period_is_no_less() -> None:
    found = limits(
        flavor(vcpus=3, extra_specs={"quota:cpu_period": "200000"}), 1, limits_disk=False
    )
    assert found["CpuQuota"] == 600_000


@pytest.mark.parametrize(
    ("gigabytes", "able", "wanted"), [(5, True, {"size": "5G"}), (0, True, None)]
)
def test_the_disk_is_limited_where_it_can_be(gigabytes: int, able: bool, wanted: object) -> None:
    found = limits(flavor(root_gb=gigabytes), 1, limits_disk=able)
    assert found.get("StorageOpt") == wanted
    assert "StorageOpt" not in limits(flavor(root_gb=gigabytes), 1, limits_disk=False)


MOUNTS = """\
proc /proc proc rw 0 0
/dev/vda1 / ext4 rw,relatime 0 0
/dev/vdb1 /var xfs rw,prjquota 0 0
/dev/vdc1 /var/plain xfs rw,noquota 0 0
/dev/vdd1 /over xfs rw,pquota 0 0
/dev/vde1 /over ext4 rw 0 0
"""

DISKS = {
    ("overlay2", "/var/lib/docker"): True,
    ("overlay2", "/var"): True,
    ("overlay2", "/variety"): False,
    ("overlay2", "/var/plain/docker"): False,
    ("overlay2", "/over/docker"): False,
    ("overlay2", "/"): False,
    ("btrfs", "/"): True,
    ("zfs", "/"): True,
    ("vfs", "/var/lib/docker"): False,
    ("overlayfs", "/var/lib/docker"): False,
}


@pytest.mark.parametrize(("driver", "folder"), DISKS)
def test_only_some_disks_can_be_limited(driver: str, folder: str) -> None:
    info = {"Driver": driver, "DockerRootDir": folder}
    assert can_limit_disk(info, MOUNTS) is DISKS[driver, folder]


def test_no_mounts_are_no_quota() -> None:
    assert not can_limit_disk({"Driver": "overlay2", "DockerRootDir": "/"}, "")
