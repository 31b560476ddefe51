"""Training: data, composed clips, rewards and the two trainers. The application never needs it."""
