"""What bytes seem to be, for messages to people."""

from __future__ import annotations

import re

from registry_glance.archive.compression import compression

#: What is no archive, by its first bytes -> what a user would call it.
LOOKS = {
    re.compile(rb"QFI\xfb"): "a qcow2 disk",
    re.compile(rb"KDMV|# Disk DescriptorFile"): "a VMDK disk",
    re.compile(rb"conectix|vhdxfile"): "a VHD disk",
    re.compile(rb"<<< .{0,40}Virtual"): "a VDI disk",
    re.compile(rb"hsqs"): "a squashfs file system",
    re.compile(rb"PK\x03\x04"): "a zip archive",
    re.compile(rb"07070[127]"): "a cpio archive",
    re.compile(rb"\x7fELF"): "a program",
    re.compile(rb".{510}\x55\xaa", re.DOTALL): "a disk",
    re.compile(rb"\s*[{\[]"): "JSON",
    re.compile(rb"[\t\n\f\r -~]+\Z"): "text",
}


def looks(head: bytes) -> str:
    """What something that begins with `head` (512 bytes are enough) seems to be."""
    if not head:
        return "empty"
    if kind := compression(head):
        return f"compressed with {kind}"
    return next((name for look, name in LOOKS.items() if look.match(head)), "something else")
