"""Training: data, composed clips, rewards, trainers. Using the application never needs it."""
