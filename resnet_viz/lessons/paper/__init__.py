"""Lessons for paper, for other programs and for places without a server."""
