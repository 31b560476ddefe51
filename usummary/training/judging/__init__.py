"""Measures trained models: exams, measures, tables, curves."""
