"""Servers booted with our driver beside Nova's own fake one: `python -m bench.nova`.

What a boot costs that boots nothing is Nova's part, and the same for both.
"""
