"""What Glance says of names is true in the registry."""
