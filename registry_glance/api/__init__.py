"""HTTP, and nothing else: requests are read, the store is asked, answers are written."""
