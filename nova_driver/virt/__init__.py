"""The folder that is put on the path of `nova.virt`."""
