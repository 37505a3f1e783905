"""uvloop: after POLLERR an add_writer callback runs once and never again, and the fd cannot be added any more."""

import os

import uvloop

loop = uvloop.new_event_loop()
reader, writer = os.pipe2(os.O_NONBLOCK)
os.close(reader)  # poll(2) shows POLLOUT|POLLERR on the writer, and goes on doing so
calls: list[int] = []
loop.add_writer(writer, calls.append, 1)
for _ in range(3):
    loop.call_later(0.01, loop.stop)
    loop.run_forever()
print(f"{len(calls)} call in 3 runs of the loop; asyncio's SelectorEventLoop makes one or more in each")
try:
    loop.add_writer(writer, calls.append, 2)
except RuntimeError as error:
    print(f"add_writer again: RuntimeError: {error}")
raise SystemExit(len(calls) < 3)
