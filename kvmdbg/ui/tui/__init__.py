"""The Textual program: panes around a command line, over one session."""
