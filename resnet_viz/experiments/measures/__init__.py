"""Measurements shared by several experiments."""
