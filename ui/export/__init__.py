"""Exporting: the sheet, the review of masks."""
