"""Run the command line: ``python -m tlslab``."""

import sys

from tlslab.cli import main

sys.exit(main())
