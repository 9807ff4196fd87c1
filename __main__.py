"""`python -m icetop`, and the console script."""

from __future__ import annotations

import sys

from .cli.priority import hurry
from .cli.splash import erase_splash, show_splash


def main() -> None:
    """Run the command line; exits with its status."""
    hurry(sys.argv[1:])
    show_splash(sys.argv[1:])
    from .cli.main import run

    try:
        status = run()
    finally:
        erase_splash()
    sys.exit(status)


if __name__ == "__main__":
    main()
