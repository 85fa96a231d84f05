"""Single channels: share of a map, top crops and activation maximisation."""
