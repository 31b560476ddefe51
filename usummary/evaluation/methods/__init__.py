"""Methods of summarising, one module each."""
