"""What lessons show and no experiment measures, one file per recording."""
