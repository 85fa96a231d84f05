"""Published experiments on residual learning, one file per experiment, and their registry."""
