"""`python -m ticketbridge`."""

import sys

from ticketbridge.cli import main

if __name__ == "__main__":
    sys.exit(main())
