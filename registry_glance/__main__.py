"""`python -m registry_glance`: the same as `registry-glance`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
