"""Training of summarisers: recipes, rewards, losses, the trainer."""
