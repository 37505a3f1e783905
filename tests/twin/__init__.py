"""The twin test: one random syscall program, two kernels, the same answers in the same order.

A *program* is a tuple of calls over numbered slots (`program.py`), drawn by `drawing.py` from the
table of calls in `calls.py`. It is performed twice, on this machine and on a fresh
`fakepoll.Kernel` (`worlds.py`), with the standard library's own `os`, `socket` and `select` or
the kernel's stand-ins for them; the fake hands out the very fd numbers that Linux does, so that
nothing has to be renamed. What a call returned, the errno it failed with and the *ordered* list
of events are compared as they are (`compare.py`). Since a call that names a slot which does not
exist is skipped, every sub-sequence of a program is a program, and shrinking is deletion.

What is normalised, and the line of `linux-readiness.md` 5.2 that allows it:

* TCP sockets get `TCP_NODELAY`, and at most 30 kB and 60 segments are ever sent on one;
* after a shutdown or close the real run waits until the FIN was acknowledged;
* ports are not compared, and TCP sockets are reset at the end of a program.

Nothing is normalised for AF_UNIX, pipes, eventfds and epoll.
"""
