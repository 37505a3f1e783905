"""A client of the line echo server: sends lines, prints what comes back.

Run it: `python -m impl.servers.line_echo` in one terminal, `python examples/line_client.py 127.0.0.1:8080 hello world`
in another. It blocks, as the third text's client does: with one connection and nothing else to do, why not.
"""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Sequence


def echoes(address: tuple[str, int], lines: Sequence[str], timeout: float = 10.0) -> list[str]:
    """Send the lines and answer what came back, up to the end of the stream.

    Raises:
        OSError: the connection failed; TimeoutError if the server is silent for `timeout` seconds.
    """
    with socket.create_connection(address, timeout=timeout) as sock, sock.makefile("rb") as incoming:
        sock.sendall("".join(f"{line}\n" for line in lines).encode())
        sock.shutdown(socket.SHUT_WR)  # no more lines: the server answers these and closes
        return [line.decode().rstrip("\n") for line in incoming]


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Send lines to an echo server and print what comes back.")
    parser.add_argument("address", help="HOST:PORT of the server")
    parser.add_argument("line", nargs="+")
    options = parser.parse_args(argv)
    host, _, port = options.address.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        parser.error(f"{options.address!r} is not HOST:PORT")
    try:
        received = echoes((host, int(port)), options.line)
    except OSError as error:
        print(f"line_client: no echo from {options.address}: {error}", file=sys.stderr)
        return 1
    print(*received, sep="\n")
    return int(received != options.line)


if __name__ == "__main__":
    sys.exit(main())
