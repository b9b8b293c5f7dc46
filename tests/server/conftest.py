"""What tests of the server may ask for."""

from tests.server.live_server import live_server, standing_server
from tests.server.store_fixture import any_house, house, server

__all__ = ["any_house", "house", "live_server", "server", "standing_server"]
