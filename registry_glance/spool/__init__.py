"""Bytes on their way to Glance: on the local disk first, bounded, in pieces of known length."""
