from __future__ import annotations
from fakepoll.sockets import Socket
class Tcp(Socket):
    def finish_connect(self) -> None: ...
