"""Files to take away: JSON, tables, pictures, HTML documents and code."""
