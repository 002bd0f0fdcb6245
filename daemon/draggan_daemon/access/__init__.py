"""Who may come in: keys, invitations, and who answers ZeroMQ's question about them."""
