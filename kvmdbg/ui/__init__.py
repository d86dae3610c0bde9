"""The faces: what the screen shows. A face holds no rule; every word goes through the session."""
