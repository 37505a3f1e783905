"""The twin test: one random syscall program, two kernels, the same answers in the same order.

A *program* is a tuple of calls over numbered slots (`program.py`), drawn by `drawing.py` from the
table of calls in `calls.py`. It is performed twice, on this machine and on a fresh
`fakepoll.Kernel` (`worlds.py`), with the standard library's own `os`, `socket` and `select` or
the kernel's stand-ins for them; the fake hands out the very fd numbers that Linux does, so that
nothing has to be renamed. What a call returned, the errno it failed with and the *ordered* list
of events are compared as they are (`compare.py`). Since a call that names a slot which does not
exist is skipped, every sub-sequence of a program is a program, and shrinking is deletion.

Three families: `local` (AF_UNIX streams and datagrams, pipes, eventfds, dups, nested epolls, poll, select), `tcp` (TCP
and UDP over 127.0.0.1) and `tcp6` (over ::1). Every fourth program has room for ten fds only. `python -m tests.twin` is
the long run, `python -m tests.twin.variants` breaks one rule of the fake kernel at a time and counts how many calls that
goes unnoticed.

What is normalised, and the row of `linux-readiness.md` 5.2 that allows it:

* TCP sockets get `TCP_NODELAY` (Nagle and delayed ACK), and at most 28 kB and 50 segments are ever sent on one (buffers);
* after a FIN the real run waits until it was acknowledged, and the fake acknowledges at once (ACK of our FIN);
* ports are not compared, and TCP sockets are reset at the end of a program (fd numbers, ports, TIME_WAIT).

Nothing is normalised for AF_UNIX, pipes, eventfds and epoll.
"""
