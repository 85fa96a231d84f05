"""Errors, text, places, saving and downloads: what every other package may use."""
