"""From an analysis to a summary: which shots are kept, and what a person changed."""
