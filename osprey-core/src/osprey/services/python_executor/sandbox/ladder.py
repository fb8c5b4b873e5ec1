"""The ladder of tiers: which ones hold here, which one is taken, and why not a better one."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from attrs import field, frozen

from osprey.config.schema import Sandbox
from osprey.errors import SandboxError
from osprey.services.python_executor.interpreter import Interpreter
from osprey.services.python_executor.sandbox.cgroups import sweep_control_groups
from osprey.services.python_executor.sandbox.folders import new_scratch, sweep_scratch
from osprey.services.python_executor.sandbox.holding import LABELS, Holding, Kind
from osprey.services.python_executor.sandbox.protocol import Tier
from osprey.services.python_executor.sandbox.tier import CANNOT, LocalTier, Warmth

_BY_ITSELF = (Kind.BUBBLEWRAP, Kind.NAMESPACES, Kind.LANDLOCK)
"""What `auto` tries, best first."""

_NAMESPACE_REMEDY = (
    "user namespaces seem to be restricted: on Ubuntu load AppArmor's profile bwrap-userns-restrict, in a container "
    "allow them, or run Osprey outside it"
)
_REMEDY = (
    "install bubblewrap (apt install bubblewrap) and allow user namespaces, or use Linux 6.12 or newer with "
    "Landlock, or set execution.sandbox to none for pure computation"
)
_ELSEWHERE = (
    "use a Linux host (on Windows: WSL); reading, planning, approving and writes of the phrasebook work without it"
)


@frozen(kw_only=True)
class Finding:
    """What became of one tier's self-test."""

    kind: Kind
    why_not: str = ""
    """Empty if it holds."""
    remarks: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.why_not


@frozen(kw_only=True)
class Ladder:
    """The host's tiers for one interpreter."""

    interpreter: Interpreter
    state_dir: Path
    sandbox: Sandbox = Sandbox.AUTO
    mounts: tuple[Path, ...] = ()
    warmth: Warmth = field(factory=Warmth)

    async def open(self) -> tuple[Tier, tuple[Finding, ...]]:
        """Give the best tier that passes its self-test here, or the one that was named; with what failed before.

        :raises SandboxError: none does; the message says what to do.
        """
        sweep_control_groups()
        sweep_scratch()
        failed: list[Finding] = []
        for kind in self.named():
            tier = self.tier(kind)
            finding = await test(tier)
            if finding.holds:
                return tier, tuple(failed)
            failed.append(finding)
            await discard(tier)
        raise SandboxError(_say_none(self.sandbox, failed))

    def named(self) -> tuple[Kind, ...]:
        """Give the tiers that the configuration lets be taken, best first."""
        return _BY_ITSELF if self.sandbox is Sandbox.AUTO else (Kind(self.sandbox.value),)

    async def survey(self) -> list[Finding]:
        """Test every tier, and keep none of them."""
        findings: list[Finding] = []
        for kind in Kind:
            tier = self.tier(kind)
            findings.append(await test(tier))
            await discard(tier)
        return findings

    def tier(self, kind: Kind) -> LocalTier:
        """Build a tier, not yet tested."""
        scratch = new_scratch() if kind in (Kind.LANDLOCK, Kind.NONE) else None
        holding = Holding(kind=kind, interpreter=self.interpreter, mounts=self.mounts, scratch=scratch)
        return LocalTier(holding=holding, state_dir=self.state_dir, warmth=self.warmth)


async def test(tier: LocalTier) -> Finding:
    """Run a tier's self-test, and say what came of it."""
    kind = tier.holding.kind
    if sys.platform != "linux":
        return Finding(kind=kind, why_not=f"it needs Linux, and this is {sys.platform}")
    try:
        await tier.self_test()
    except SandboxError as exc:
        return Finding(kind=kind, why_not=_with_remedy(str(exc).removeprefix(f"{CANNOT}: ")))
    return Finding(kind=kind, remarks=tier.remarks)


async def discard(tier: LocalTier) -> None:
    """End a tier, and take its folder away."""
    await tier.aclose()
    if tier.holding.scratch is not None:
        shutil.rmtree(tier.holding.scratch, ignore_errors=True)


def _with_remedy(told: str) -> str:
    restricted = any(word in told.lower() for word in ("namespace", "uid map", "uid_map"))
    return f"{told}. {_NAMESPACE_REMEDY[0].upper()}{_NAMESPACE_REMEDY[1:]}" if restricted else told


def _say_none(sandbox: Sandbox, failed: list[Finding]) -> str:
    if sys.platform != "linux":
        return f"{CANNOT}: there is no sandbox for {sys.platform}; {_ELSEWHERE}"
    reasons = "; ".join(f"{LABELS[finding.kind].partition(' ')[0]}: {finding.why_not}" for finding in failed)
    if sandbox is not Sandbox.AUTO:
        return f"{CANNOT}: execution.sandbox names a tier that does not hold ({reasons}); mend it, or set auto"
    return f"{CANNOT}: no tier of isolation holds ({reasons}); {_REMEDY}"
