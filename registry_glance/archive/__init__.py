"""Tarballs seen as images: what `docker save` and its like write, OCI layouts, root file systems.

    chunks ──> survey ──> contents          one pass over the bytes, wherever they lie
    chunks ──> unpacked parts               another one, if the archive is compressed

What an archive is, its bytes say. All of it is hostile: nothing is ever written to a path that an
archive names, and every pass is bounded in time and memory.
"""
