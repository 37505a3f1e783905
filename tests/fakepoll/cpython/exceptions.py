"""EXCEPTIONS: which of CPython's own tests cannot run on a fake kernel, and why not.

A reason names what the test needs of a real machine; a test that fails for any other reason is a defect of ours.
`MODULE.*.test_name` stands for the test in every class of the module.
"""

from __future__ import annotations

SIGNALS = "needs a real signal: signal.alarm() interrupts the wait"
THREADS = "needs real threads: another one polls meanwhile"
SUBPROCESS = "needs a subprocess that writes into a real pipe"
FILES = "needs a regular file"
STDOUT = "selects a real file: the interpreter's own standard output"
BY_NAME = "patches a class of the standard library by its name, which the stand-in does not have"

EXCEPTIONS: dict[str, str] = {
    "test_poll.PollTests.test_poll2": SUBPROCESS,
    "test_poll.PollTests.test_poll_unit_tests": FILES,
    "test_poll.PollTests.test_poll_blocks_with_negative_ms": THREADS,
    "test_poll.PollTests.test_threaded_poll": THREADS,
    "test_select.SelectTestCase.test_errno": FILES,
    "test_select.SelectTestCase.test_select": SUBPROCESS,
    "test_select.SelectTestCase.test_select_mutated": STDOUT,
    "test_selectors.*.test_register_file": FILES,
    "test_selectors.*.test_select_interrupt_exc": SIGNALS,
    "test_selectors.*.test_select_interrupt_noraise": SIGNALS,
    "test_selectors.*.test_modify_unregister": BY_NAME,
}
