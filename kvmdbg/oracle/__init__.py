"""The oracle: is a cached translation fresh, stale or forbidden, and what was each flush worth? A reader of the tape only."""
