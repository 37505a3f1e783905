"""The pollers that are judged out of the box, one file per loop, found by entry point as a stranger's is."""
