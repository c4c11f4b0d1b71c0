"""The store in Glance: docs/architecture.md draws its rows.

ids, rows -> slots, writer -> blobs, manifests -> referrers, tags, uploads -> store
"""

from registry_glance.store.glance.connection import Connection, connect, open_door
from registry_glance.store.glance.store import GlanceStore

__all__ = ["Connection", "GlanceStore", "connect", "open_door"]
