"""The guarantees as pytest items; `pytest --pyargs conformance --poller NAME` collects them."""
