"""The timeline: lanes, tiles, filmstrip, minimap."""
