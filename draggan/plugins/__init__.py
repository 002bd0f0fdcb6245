"""The editors' plugins: put together, installed, packed; standard library only."""
