"""Lessons on residual learning: data, keys that are rules on recordings, and files for paper."""
