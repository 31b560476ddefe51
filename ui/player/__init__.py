"""The player: the picture, its controls and the track below it."""
