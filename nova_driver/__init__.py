"""A Nova virt driver that boots Docker containers out of Glance; docs/nova.md."""
