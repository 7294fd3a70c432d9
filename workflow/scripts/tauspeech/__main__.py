"""``python -m tauspeech``, the same as ``tauspeech``."""

import sys

from tauspeech.commands.main import main

sys.exit(main())
