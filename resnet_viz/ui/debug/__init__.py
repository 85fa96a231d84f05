"""The Debug page."""
