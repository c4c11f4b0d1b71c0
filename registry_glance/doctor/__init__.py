"""What `registry-glance doctor` looks at: one question a function, one subject a file.

`examination.CHECKS` is the list. A check gets a `Site` and returns a `Finding`; whatever it makes
in Glance it makes through `site.probes`, which takes it back.
"""
