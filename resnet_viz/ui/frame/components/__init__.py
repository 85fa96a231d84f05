"""Streamlit components of the app; each wrapper has a ``.js`` and a ``.css`` file.

They add clicks on pictures and markers, and an overlay that repaints in the browser. Text is sent
as data and set as text, never as markup.
"""
