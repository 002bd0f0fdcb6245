"""The daemon of another machine at a socket of this one, for programs that know local ones only."""
