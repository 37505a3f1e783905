"""How fast, how large, and how that grows: `python -m benchmarks`, or `tox -e bench`.

Every figure is a ratio of two things measured in the same process at the same time, so that it says something on any machine:

1. A group (`reference`, `fake`, `suite`, `startup`, `jobs`, `growth`, `memory`) is a module with a tuple of rows.
2. A row (`rows.py`) says what is compared with what, how large the figure may be, and how the two are prepared.
3. `turns.py` lets the two take turns, round by round.
4. What they took is kept by pyperf, whose JSON `python -m pyperf show` and `compare_to` read.
5. `table.py` prints the lines, and writes them into docs/performance.md.

`servers.py` stands apart: it needs wrk and strace.
"""
