"""Identify the architecture that the tensors of a checkpoint belong to."""
