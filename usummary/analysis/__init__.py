"""From an exam to what a selection needs: sector, clips, features, scores, shots, freeze-frames."""
