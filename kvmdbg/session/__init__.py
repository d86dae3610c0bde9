"""What the person asked for: a timeline over the tape, breakpoints, expressions, scripts, and one file a command."""
