"""What is open and what is done with it: state, edits, playback, work in other threads."""
