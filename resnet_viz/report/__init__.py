"""A comparison to take away: JSON, tables, pictures and one page of plots."""
