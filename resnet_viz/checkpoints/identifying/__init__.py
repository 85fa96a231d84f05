"""Tensors to a network: which architecture a checkpoint belongs to."""
