"""What tests of the server may ask for."""

from tests.server.store_fixture import any_house, house, server

__all__ = ["any_house", "house", "server"]
