"""The command line: one file a group of commands, `main` to run it, `splash` to be there at once."""
