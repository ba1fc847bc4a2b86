"""`python -m local`: the embedded host and its tools."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older one is exactly what is to be refused
    # Said before anything else is imported: an older Python could not even read the rest.
    found = ".".join(str(part) for part in sys.version_info[:3])
    sys.stderr.write("python -m local: Python 3.11 or newer is needed, this is " + found + "\n")
    sys.exit(2)

from local.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
