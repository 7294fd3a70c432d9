"""`make audit` fails only if a locked version has a known vulnerability, and reports packages without an answer."""

import json
import sys
from pathlib import Path

import pytest

from tools import audit

SOUND = {"name": "sound", "version": "1.0", "vulns": []}
BAD = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["1.1", "2.0"]}
BROKEN = {"name": "broken", "version": "1.0", "vulns": [BAD, {"id": "PYSEC-2", "aliases": [], "fix_versions": []}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI and could not be audited: unknown (1.0)"}
# Errors of pip-audit 2.10.1 without a network, behind a firewall, and when PyPI is out of order.
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
    """Audit with a fake pip-audit: for each file in turn, its result or its error."""

    def run(*answers: list[dict] | str) -> None:
        program = tmp_path / "pip-audit"
        results = {}
        for number, answer in enumerate(answers):
            file = tmp_path / f"lock{number}.txt"
            results[str(file)] = (
                answer if isinstance(answer, str) else json.dumps({"dependencies": answer, "fixes": []})
            )
        lines = [
            f"#!{sys.executable}",
            "import sys",
            f"result = {results!r}[sys.argv[sys.argv.index('-r') + 1]]",
            "answered = result.startswith('{')",
            "print(result, file=sys.stdout if answered else sys.stderr)",
            "sys.exit(not answered or '\"id\"' in result)",
        ]
        program.write_text("\n".join(lines))
        program.chmod(0o755)
        monkeypatch.setattr(audit, "PIP_AUDIT", program)
        monkeypatch.chdir(tmp_path)
        audit.main([Path(file) for file in results])

    return run


def test_no_known_vulnerability(audited, capsys):
    audited([SOUND, SOUND], [SOUND])
    assert capsys.readouterr().out == "No known vulnerabilities in 3 packages.\n"


def test_a_vulnerability_is_an_error_with_its_name(audited, capsys):
    with pytest.raises(SystemExit, match="Error: 1 packages have known vulnerabilities"):
        audited([SOUND], [BROKEN, SOUND])
    printed = capsys.readouterr().out
    assert "lock1.txt: broken 1.0 has PYSEC-1, CVE-1, fixed in 1.1 or 2.0.\n" in printed
    assert "lock1.txt: broken 1.0 has PYSEC-2, not fixed yet.\n" in printed
    assert "No known" not in printed


@pytest.mark.parametrize("trouble", [NO_NETWORK, FIREWALL, OUT_OF_ORDER, [UNKNOWN, UNKNOWN]])
def test_unreachable_advisories_are_neither_an_error_nor_a_pass(audited, capsys, trouble):
    audited(trouble, [BROKEN])
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "cannot be reached" in printed and "lock0.txt and the files after it were not audited" in printed


def test_a_vulnerability_found_before_the_connection_was_lost_counts(audited, capsys):
    with pytest.raises(SystemExit, match="known vulnerabilities"):
        audited([BROKEN], NO_NETWORK)
    assert "lock1.txt and the files after it were not audited" in capsys.readouterr().out


def test_a_package_that_is_not_on_pypi_is_reported(audited, capsys):
    audited([SOUND, UNKNOWN])
    printed = capsys.readouterr().out
    assert "could not be audited: unknown (1.0)" in printed
    assert "No known vulnerabilities in 1 packages." in printed


def test_an_unreadable_lock_file_is_an_error(audited):
    with pytest.raises(SystemExit, match=r"could not audit .*lock0.txt: .*six is not pinned"):
        audited(NOT_PINNED)
