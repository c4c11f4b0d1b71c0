"""The only door to the Docker Engine: its HTTP API over a unix socket."""
