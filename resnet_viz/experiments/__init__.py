"""Published experiments on residual learning, one file each, and the gradient laboratory."""
