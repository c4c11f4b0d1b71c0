"""The client of the Docker Engine, against servers that misbehave."""
