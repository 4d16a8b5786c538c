"""Real TLS implementations on loopback, in both roles, against the lab and against each other."""
