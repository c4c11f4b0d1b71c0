"""Servers of Nova as containers of a Docker Engine."""
