"""Background runs: queued in SQLite, done by worker processes, watched from anywhere."""
