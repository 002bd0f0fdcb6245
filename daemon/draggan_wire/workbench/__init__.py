"""What both editors' plugins have in common; standard library, relative imports, no toolkit."""
