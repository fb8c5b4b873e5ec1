"""The reviewed list of further folders: what it shows, and what it may never show."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from attrs import evolve

from osprey.errors import SandboxError
from osprey.project import Project
from osprey.services.python_executor.sandbox.mounts import check_mounts


@pytest.fixture
def packages(tmp_path) -> Path:
    folder = tmp_path / "packages"
    (folder / "facility_tools").mkdir(parents=True)
    (folder / "facility_tools" / "__init__.py").write_text("answer = 42\n")
    return folder


def check(path: Path, project: Path = Path("/srv/none")) -> tuple[Path, ...]:
    return check_mounts((path,), project, project / ".osprey")


@pytest.mark.sandbox
def test_a_mounted_package_can_be_imported_and_not_changed(run, runner, packages):
    config = runner._project.config
    runner._project = Project(evolve(config, execution=evolve(config.execution, mounts=(packages,))))
    code = f"""
import facility_tools
try:
    open({str(packages / "x")!r}, 'w')
    wrote = True
except OSError:
    wrote = False
results = [facility_tools.answer, wrote]
"""
    assert run(code).results == [42, False]
    assert not (packages / "x").exists()


@pytest.mark.parametrize(
    "path", ["/", "/etc", "/etc/ssl", "/proc", "/sys/kernel", "/dev", "/run", "/tmp", "/var", "/home", "/root", "~"]
)
def test_what_holds_secrets_or_the_system_is_refused(path):
    with pytest.raises(SandboxError, match=r"execution\.local\.mounts: .*(lies in|shows|does not exist)"):
        check(Path(path).expanduser())


def test_a_link_is_judged_by_where_it_leads(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("/etc")
    with pytest.raises(SandboxError, match="lies in /etc"):
        check(link)


def test_the_project_itself_is_refused(tmp_path, packages):
    (tmp_path / "project" / ".osprey" / "runs").mkdir(parents=True)
    with pytest.raises(SandboxError, match=r"lies in .*osprey"):
        check(tmp_path / "project" / ".osprey" / "runs", tmp_path / "project")
    with pytest.raises(SandboxError, match="shows all of"):
        check(tmp_path, tmp_path / "project")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "A=1"),
        (".netrc", ""),
        ("deep/.ssh/config", ""),
        ("server.key", "-----BEGIN RSA PRIVATE KEY-----"),
        ("both.pem", "-----BEGIN PRIVATE KEY-----"),
        ("id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----"),
        ("store.p12", ""),
    ],
)
def test_a_folder_with_a_secret_is_refused_by_name(packages, name, text):
    path = packages / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    with pytest.raises(SandboxError, match="looks like a secret"):
        check(packages)


def test_certificates_that_packages_ship_are_no_secret(packages):
    (packages / "cacert.pem").write_text("-----BEGIN CERTIFICATE-----")
    assert check(packages) == (packages.resolve(),)


def test_a_folder_with_a_socket_is_refused(packages):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(packages / "s"))
        with pytest.raises(SandboxError, match="holds a socket"):
            check(packages)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SandboxError, match="does not exist"):
        check(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(SandboxError, match="is no folder"):
        check(tmp_path / "file")
