"""The first visit: what residual learning is, in one figure."""
