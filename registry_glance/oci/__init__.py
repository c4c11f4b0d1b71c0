"""The vocabulary of the OCI specifications: names, digests, media types, manifests, ranges.

Pure: nothing here does I/O, and nothing here knows of Glance or of HTTP requests.
"""
