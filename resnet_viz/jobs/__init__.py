"""Work that goes on: threads, sandboxed processes and the queue of background runs."""
