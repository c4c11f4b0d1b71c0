"""The store in Glance: docs/architecture.md draws its rows.

ids -> slots -> blobs, manifests -> referrers, tags, uploads -> store
"""

from registry_glance.store.glance.store import GlanceStore, connect

__all__ = ["GlanceStore", "connect"]
