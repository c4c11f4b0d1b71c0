"""Images of Glance as repositories, by their ID."""
