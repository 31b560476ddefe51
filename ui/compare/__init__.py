"""The Compare view: one exam summarised in several ways."""
