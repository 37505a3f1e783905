"""tornado: update_handler of an fd that has no handler raises nothing, watches it, tells nobody and spins."""

import asyncio
import logging
import os
import time

from tornado.ioloop import IOLoop

logging.disable()  # each turn of the spin logs a KeyError


async def main() -> float:
    reader, writer = os.pipe2(os.O_NONBLOCK)
    os.write(writer, b"x")
    IOLoop.current().update_handler(reader, IOLoop.READ)
    began = time.process_time()
    await asyncio.sleep(0.5)
    return time.process_time() - began


spent = asyncio.run(main())
print(f"{spent:.2f} s of CPU in 0.5 s of sleep")
raise SystemExit(spent > 0.25)
