"""What the table says about one cell, worked out from a copy of it, and from nothing the server does."""

from collections.abc import Mapping
from typing import Literal

from server.access import OPERATIONS, Relation, Role
from tests.server.matrix.cast import Person, Standing

Answer = Literal["allowed", "no_session", "removed", "pending", "not_allowed", "not_found"]
Table = Mapping[str, frozenset[tuple[Role, Relation]]]
TABLE: Table = dict(OPERATIONS)
"""As it is written: what a control opens later does not open here."""

RECORD = frozenset(
    {
        "notice_list", "notice_read", "notice_appeal", "statement_read", "statement_text",
        "ledger_read", "ledger_export", "ledger_ask", "session_end_current", "me_data",
        "me_data_export", "me_data_export_file", "me_data_erasure", "me_data_stay",
        "complaint_list", "complaint_make",
    }
)  # fmt: skip
"""What stays open to somebody who was removed, as to a peer: what was decided, asking again, and their data."""
_SAYS_WHO_IT_IS = "me_read"
"""Open to strangers; it tells whoever waits, or was removed, that they do."""
_NO_LONGER = frozenset({Standing.LOGGED_OUT, Standing.EXPIRED})


def expected(
    row: str, operation_id: str, person: Person, relation: Relation, *, is_there: bool
) -> Answer:
    """relation: to what is asked for. is_there: False where the table opens it, and there is no such thing."""
    rows = TABLE[row]
    to_strangers = (Role.STRANGER, Relation.NONE) in rows
    role = Role.STRANGER if person.standing in _NO_LONGER else person.role
    if role is Role.STRANGER:
        return "allowed" if to_strangers else "no_session"
    if person.standing in {Standing.PENDING, Standing.REMOVED}:
        if to_strangers and operation_id != _SAYS_WHO_IT_IS:
            return "allowed"
        if person.standing is Standing.PENDING:
            return "pending"
        if operation_id not in RECORD:
            return "removed"
        role = Role.PEER
    if (role, relation) in rows:
        return "allowed" if is_there else "not_found"
    by_role_alone = all(one is Relation.NONE for _, one in rows)
    return "not_allowed" if by_role_alone else "not_found"
