"""``python -m spectra``: the command line."""

import sys

from spectra.cli import main

sys.exit(main())
