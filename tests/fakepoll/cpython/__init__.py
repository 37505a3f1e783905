"""CPython's own tests of select and selectors, run from the installed interpreter on the fake kernel."""
