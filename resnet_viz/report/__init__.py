"""Files to export: JSON, tables, pictures, HTML documents and code."""
