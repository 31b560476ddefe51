"""Video files: packets, true times, seeking, pictures."""
