"""A client of any registry that speaks OCI Distribution 1.1: what tenants and operators run.

connection.py speaks HTTP and logs in; registry.py has the registry's verbs; upload.py and
download.py go on where they were cut off; transfer.py copies whole images from a source.
"""
