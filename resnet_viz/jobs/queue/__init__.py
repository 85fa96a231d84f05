"""Background runs: queued in SQLite, executed by worker processes, readable from any process."""
