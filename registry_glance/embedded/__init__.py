"""A real Keystone and a real Glance, small: SQLite, files, gunicorn, one folder."""

from .cloud import CLOUD_NAME, Cloud
from .errors import CannotStart

__all__ = ["CLOUD_NAME", "CannotStart", "Cloud"]
