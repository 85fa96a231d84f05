"""Single channels: their share of a map, what excites them, and how their own picture is made."""
