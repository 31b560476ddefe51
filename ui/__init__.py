"""The window: PySide6 and the engine's names only, never its networks or decoders."""
