"""The networks, one readable file each; their weights on disk; and what runs them."""
