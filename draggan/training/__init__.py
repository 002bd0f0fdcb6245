"""Training the default model on the procedural renderer; imports nothing by itself."""
