"""The main window: commands, menus, header, pages, messages."""
