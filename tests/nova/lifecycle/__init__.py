"""Servers from their boot to their end, as a member of a project meets them in Nova."""
