"""The words of the debugger, one file each; a reverse form lives with its forward form."""
