"""Small servers on the reference poller; each is a program: `python -m impl.servers.NAME --help`.

They retell, as running code, how one gets from a loop that asks everybody all the time to a poll that tells who is
ready; `docs/seeds.md` has the story, with figures.

    spinning     non-blocking HTTP that asks every connection in every turn: the counter-example
    epoll_http   the same HTTP, told by the poll who is ready
    graceful     on Ctrl-C no new connection is taken, running requests are finished
    keep_alive   many requests per connection; edge-triggered reads, one-shot writes
    line_echo    lines go to worker threads and come back through a bounded channel and a waker

What they share: `http` (bytes to requests to bytes), `exchange` (one connection's states), `service` (the loop around
them), `acceptor` (taking connections, also when there are no fds left), `workers` (threads and their channel), `stop`
(Ctrl-C as something to wait for), `command` (arguments and one-line errors).
"""
