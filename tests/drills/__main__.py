"""List the drills, or run the one that is named; its figures are the last line, as JSON."""

import json
import sys

from tests.drills import drills, find_drill


def main(arguments: list[str]) -> int:
    """0 when the drill is ok, 1 when it is not, 2 when there is none of that name."""
    if not arguments:
        for name, what in drills().items():
            print(f"{name:14} {what}")
        return 0
    drill = find_drill(arguments[0])
    if drill is None:
        names = ", ".join(drills()) or "none yet"
        print(f"There is no drill {arguments[0]}. There are: {names}", file=sys.stderr)
        return 2
    figures = drill()
    print(json.dumps(figures), flush=True)
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
