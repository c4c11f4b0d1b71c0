"""Placement and Nova beside the embedded Keystone and Glance, on MariaDB and RabbitMQ."""

from .hypervisor import Hypervisor
from .openstack import OpenStack

__all__ = ["Hypervisor", "OpenStack"]
