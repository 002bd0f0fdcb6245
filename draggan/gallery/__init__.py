"""What a model can draw: pictures of seeds, loops between them, style mixing; torch and numpy."""
