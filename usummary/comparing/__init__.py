"""Summaries beside freeze-frames and beside one another: one exam, many exams."""
