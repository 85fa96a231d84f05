"""Measure networks on images in one pass, without changing the networks."""
