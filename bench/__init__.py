"""One measurement of this registry beside others: `python -m bench`.

- `sides`: who is measured: registries as processes, and Glance without a registry
- `works`: what they are given to do, and what is measured of it
"""
