"""The rooms without JavaScript: plain pages and forms, a few kilobytes each, through the same services as the socket.

Decision 25 of the design: a form carries a token of its session and comes from our own pages exactly; each
draft has a hidden `client_id`, so that a reload or a second click says it once.
"""
