"""Long-running jobs: threads, sandboxed processes and the queue of background runs."""
