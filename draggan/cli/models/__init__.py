"""`draggan models`: the commands that look after models; never torch."""
