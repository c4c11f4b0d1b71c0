"""What is kept near: blobs on disk, and what Glance said a moment ago.

One folder serves all worker processes of a registry and survives restarts. Nothing here decides
who may read what, and nothing here is needed for a correct answer.
"""
