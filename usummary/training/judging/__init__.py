"""How good trained models are: exams, measures, tables, curves."""
