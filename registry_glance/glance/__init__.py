"""The only door to Glance's API, and what runs inside Glance."""
