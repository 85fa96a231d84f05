"""Jobs that a page waits for: results, progress, stop and resume."""
