"""`python -m transpiler`."""

import contextlib
import gc
import os
import sys

from .cli import main

gc.disable()  # trees are kept to the end
code = main()
with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or never open
    sys.stdout.flush()
    sys.stderr.flush()
os._exit(code)  # taking them apart would take as long as reading them did
