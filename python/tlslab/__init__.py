"""A scriptable lab for TLS 1.0 to 1.2: endpoints whose every behaviour is data."""

from tlslab._tlslab import __version__

__all__ = ["__version__"]
