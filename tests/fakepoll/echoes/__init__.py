"""Programs that know nothing of the fake kernel: a hundred clients and an echo server, in each loop."""

CLIENTS = 100
ROUNDS = 3
TWO_HOURS = 7200.0
