"""Parts that several pages share: theme, icons, language, widgets, file dialogs."""
