"""Days: read from folders, drawn on a map, replayed through the same engine as live ones."""
