"""A container registry whose only storage is OpenStack Glance."""

__version__ = "0.1.0"
