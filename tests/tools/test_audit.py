"""`make audit` fails where a locked version has a known vulnerability, and only there; it never takes silence for health."""

import json
import sys
from pathlib import Path

import audit
import pytest

SOUND = {"name": "sound", "version": "1.0", "vulns": []}
BAD = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["1.1", "2.0"]}
BROKEN = {"name": "broken", "version": "1.0", "vulns": [BAD, {"id": "PYSEC-2", "aliases": [], "fix_versions": []}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI and could not be audited: unknown (1.0)"}
# As pip-audit 2.10.1 ends without a network, behind a firewall, and when PyPI is out of order.
NO_NETWORK = (
    "Traceback (most recent call last):\n  File ...\nrequests.exceptions.ConnectionError: HTTPSConnectionPool(...)\n"
)
FIREWALL = (
    "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed\n"
    "ERROR:pip_audit._cli:Tip: your network may be blocking this service. Try another service with `-s SERVICE`\n"
)
OUT_OF_ORDER = "Traceback (most recent call last):\n  File ...\npip_audit._service.interface.ServiceError\n"
NOT_PINNED = (
    "WARNING:pip_audit._cli:...\nERROR:pip_audit._cli:requirement six is not pinned to an exact version: six>1\n"
)


@pytest.fixture
def audited(tmp_path, monkeypatch):
    """Audit with a program in pip-audit's place: for each file in turn, what it says of the packages or ends with."""

    def run(*answers: list[dict] | str) -> None:
        program = tmp_path / "pip-audit"
        said = {}
        for number, answer in enumerate(answers):
            file = tmp_path / f"lock{number}.txt"
            said[str(file)] = answer if isinstance(answer, str) else json.dumps({"dependencies": answer, "fixes": []})
        lines = [
            f"#!{sys.executable}",
            "import sys",
            f"said = {said!r}[sys.argv[sys.argv.index('-r') + 1]]",
            "answered = said.startswith('{')",
            "print(said, file=sys.stdout if answered else sys.stderr)",
            "sys.exit(not answered or '\"id\"' in said)",
        ]
        program.write_text("\n".join(lines))
        program.chmod(0o755)
        monkeypatch.setattr(audit, "PIP_AUDIT", program)
        monkeypatch.chdir(tmp_path)
        audit.main([Path(file) for file in said])

    return run


def test_nothing_known_is_a_good_end(audited, capsys):
    audited([SOUND, SOUND], [SOUND])
    assert capsys.readouterr().out == "No known vulnerabilities in 3 pins.\n"


def test_a_vulnerability_is_named_and_fails(audited, capsys):
    with pytest.raises(SystemExit, match="Error: 1 pins have known vulnerabilities"):
        audited([SOUND], [BROKEN, SOUND])
    said = capsys.readouterr().out
    assert "lock1.txt: broken 1.0 has PYSEC-1, CVE-1, fixed in 1.1 or 2.0.\n" in said
    assert "lock1.txt: broken 1.0 has PYSEC-2, not fixed yet.\n" in said
    assert "No known" not in said


@pytest.mark.parametrize("trouble", [NO_NETWORK, FIREWALL, OUT_OF_ORDER, [UNKNOWN, UNKNOWN]])
def test_advisories_that_cannot_be_reached_are_no_failure_and_no_clearance(audited, capsys, trouble):
    audited(trouble, [BROKEN])
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "cannot be reached" in said and "lock0.txt and what comes after it were not audited" in said


def test_a_vulnerability_found_before_the_way_was_lost_counts(audited, capsys):
    with pytest.raises(SystemExit, match="known vulnerabilities"):
        audited([BROKEN], NO_NETWORK)
    assert "lock1.txt and what comes after it were not audited" in capsys.readouterr().out


def test_a_package_that_pypi_does_not_know_is_named(audited, capsys):
    audited([SOUND, UNKNOWN])
    said = capsys.readouterr().out
    assert "could not be audited: unknown (1.0)" in said
    assert "No known vulnerabilities in 1 pins." in said


def test_what_pip_audit_cannot_read_is_an_error(audited):
    with pytest.raises(SystemExit, match=r"could not audit .*lock0.txt: .*six is not pinned"):
        audited(NOT_PINNED)
