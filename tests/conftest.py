"""What every test relies on."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts a job in the background ignores Ctrl-C for it, and for all that it starts: tests send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
