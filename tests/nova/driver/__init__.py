"""The driver itself, driven with Nova's own objects."""
