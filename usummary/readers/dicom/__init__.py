"""DICOM cines and stills, one at a time and as a study."""
