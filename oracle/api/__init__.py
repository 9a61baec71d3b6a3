"""The node's HTTP and WebSocket interface."""

from oracle.api.app import create_app

__all__ = ["create_app"]
