"""The parts of reading an OpenStreetMap file; `maps.osm` puts them together."""
