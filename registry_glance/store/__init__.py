"""What a registry keeps: the contract, a double of it in memory, and Glance."""
