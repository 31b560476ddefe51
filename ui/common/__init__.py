"""What several pages use: theme, icons, language, widgets, file dialogs."""
