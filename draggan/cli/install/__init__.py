"""`draggan install`: the commands that put the plugin into an editor; never torch."""
