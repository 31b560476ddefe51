"""The side panel with the result: cards of key shots, freeze-frames and planes."""
