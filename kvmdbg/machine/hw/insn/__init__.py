"""One instruction a file; instructions.py opens the drawer."""
