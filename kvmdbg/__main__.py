"""`python -m kvmdbg`."""

import sys

from kvmdbg.ui.cli import main

sys.exit(main())
