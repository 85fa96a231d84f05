"""The records that the public functions return: those of ``records``, able to draw themselves.

A record knows no figure, because figures are made from records. These subclasses add no field, only
``figure``, ``overlay`` and the picture in a notebook; Plotly is imported when one is asked for.
"""
