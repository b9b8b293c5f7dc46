"""`make sbom`: bills of materials (CycloneDX) and a list of licences, into build/sbom."""

import subprocess
import sys
from pathlib import Path

from tests.supply.licences import LOCKS, ROOT, packages

_INTO = ROOT / "build" / "sbom"


def main() -> int:
    """0 when every licence is allowed."""
    _INTO.mkdir(parents=True, exist_ok=True)
    tool = Path(sys.executable).with_name("cyclonedx-py")
    for lock in LOCKS:
        target = _INTO / f"{Path(lock).stem}.cdx.json"
        subprocess.run(
            [tool, "requirements", ROOT / lock, "--of", "JSON", "--output-reproducible", "-o", target],
            check=True,
        )  # fmt: skip
    web = ("npm", "sbom", "--sbom-format", "cyclonedx", "--package-lock-only")
    answer = subprocess.run(
        [sys.executable, "-m", "server.bootstrap", *web], cwd=ROOT, check=True, capture_output=True
    )
    (_INTO / "web.cdx.json").write_bytes(answer.stdout)
    found = packages()
    lines = [f"{one.name}\t{one.version}\t{one.licence or 'not known'}" for one in found]
    (_INTO / "licences.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    wrong = [one for one in found if not one.is_allowed]
    for one in wrong:
        print(
            f"not allowed: {one.name} {one.version}: {one.licence or 'not known'}", file=sys.stderr
        )
    print(f"{len(found)} packages, {len(wrong)} under a licence that is not allowed: {_INTO}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
