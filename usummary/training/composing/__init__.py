"""Composed recordings to learn from, and the pictures they are made of."""
