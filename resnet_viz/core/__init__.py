"""Errors, words, places, devices, saving and downloads: what every other folder may use."""
