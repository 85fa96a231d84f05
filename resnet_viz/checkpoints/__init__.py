"""Weights in files: bundled, downloaded, or the user's own."""
