"""The Nova driver, and Nova around it."""
