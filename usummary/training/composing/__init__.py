"""Composed recordings for training, and the pictures they are made of."""
