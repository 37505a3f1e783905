"""Where the story begins: a blocking accept loop learns of Ctrl-C when the next client comes, and no sooner.

Python repeats `accept` after a signal (PEP 475), as the loop of the first text would have to. The flag is set at once;
nobody looks at it. Run it: `python examples/blocking_accept.py`. The answer is `impl.servers.graceful`.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time


def run(until_signal: float = 0.2, until_client: float = 0.7) -> tuple[float, float]:
    """Accept until Ctrl-C, which comes before the next client does; answer when it came and when it was noticed."""
    came: list[float] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(time.monotonic()))
    listener = socket.create_server(("127.0.0.1", 0))
    began = time.monotonic()
    others = [
        threading.Timer(until_signal, os.kill, (os.getpid(), signal.SIGINT)),
        threading.Timer(until_client, lambda: socket.create_connection(listener.getsockname()).close()),
    ]
    for other in others:
        other.start()
    try:
        while not came:
            connection, _ = listener.accept()  # Ctrl-C comes while the kernel has the program
            connection.close()
        return came[0] - began, time.monotonic() - began
    finally:
        for other in others:
            other.join()
        listener.close()
        signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    print("Ctrl-C came after {:.2f} s and was noticed after {:.2f} s, when the next client connected".format(*run()))
