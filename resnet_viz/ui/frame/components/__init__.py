"""Streamlit components of our own; each wrapper lies beside its ``.js`` and ``.css``.

They do what Streamlit's pictures and charts cannot: a click on a picture or a marker, and an
overlay that repaints in the browser. Text reaches the browser as data and is set as text, never
as markup.
"""
