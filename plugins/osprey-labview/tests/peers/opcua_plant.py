"""A small machine behind an asyncua server; run by `opcua_server.py`, and alone with ``--port``."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncua import Server, ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.user_managers import PermissiveUserManager

URI = "http://osprey.test/magnets"
LIMIT_NODES = {
    "read": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
    "write": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerWrite,
    "browse": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
    "monitor": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
}
SECURE = [
    ua.SecurityPolicyType.Basic256Sha256_Sign,
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    ua.SecurityPolicyType.Aes128Sha256RsaOaep_Sign,
    ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_Sign,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
]
NUMBERS = {
    "SByte": -5,
    "Byte": 5,
    "Int16": -300,
    "UInt16": 300,
    "Int32": -70000,
    "UInt32": 70000,
    "Int64": -(2**40),
    "UInt64": 2**63,
    "Float": 1.5,
    "Double": 2.5,
    "Boolean": True,
    "String": "hello",
}


class Users(PermissiveUserManager):
    """One user with a password; certificates are those that the server trusts."""

    def get_user(self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None) -> Any:
        if username is not None:
            is_known = username == "operator" and password == "se#cret"
            return User(role=UserRole.User) if is_known else None
        return User(role=UserRole.User)


class Plant:
    """The nodes, and what happens to reads and puts on their way to them."""

    def __init__(self, server: Server, index: int, options: dict[str, Any]) -> None:
        self.server = server
        self.index = index
        self.options = options
        self.limits: dict[str, int] = options.get("limits") or {}
        self.puts = Path(options["puts"]) if options.get("puts") else None

    def stand_between(self) -> None:
        """See every request from now on."""
        service, view = self.server.iserver.attribute_service, self.server.iserver.view_service
        self._read, self._write, self._browse = service.read, service.write, view.browse
        service.read, service.write, view.browse = self.read, self.write, self.browse

    def read(self, parameters: ua.ReadParameters) -> list[ua.DataValue]:
        self._keep_limit("read", parameters.NodesToRead)
        asked = [one.NodeId.Identifier for one in parameters.NodesToRead if one.AttributeId == ua.AttributeIds.Value]
        if "DIES" in asked:
            sys.exit(1)
        return self._read(parameters)

    def browse(self, parameters: ua.BrowseParameters) -> list[ua.BrowseResult]:
        self._keep_limit("browse", parameters.NodesToBrowse)
        return self._browse(parameters)

    async def write(self, parameters: ua.WriteParameters, user: User) -> list[ua.StatusCode]:
        self._keep_limit("write", parameters.NodesToWrite)
        if any(one.NodeId.Identifier == "SLOW" for one in parameters.NodesToWrite):
            self._note(parameters.NodesToWrite)
            await asyncio.sleep(self.options.get("slow_s", 1.0))
            return await self._write(parameters, user=user)
        for one in parameters.NodesToWrite:
            # As real servers do: the time of the put is the time of the value.
            one.Value = ua.DataValue(one.Value.Value, one.Value.StatusCode, datetime.now(UTC))
        results = await self._write(parameters, user=user)
        self._note(parameters.NodesToWrite)
        codes = {"REJECTS": ua.StatusCodes.BadInvalidState, "DOUBTS": ua.StatusCodes.BadDeviceFailure}
        names = [one.NodeId.Identifier for one in parameters.NodesToWrite]
        return [
            ua.StatusCode(codes[name]) if name in codes else result for name, result in zip(names, results, strict=True)
        ]

    def _keep_limit(self, kind: str, nodes: list[Any]) -> None:
        limit = self.limits.get(kind) or self.options.get("secret_limits", {}).get(kind)
        if limit and len(nodes) > limit:
            raise ua.UaStatusCodeError(ua.StatusCodes.BadTooManyOperations)

    def _note(self, values: list[ua.WriteValue]) -> None:
        if self.puts is not None:
            with self.puts.open("a", encoding="utf-8") as file:
                for one in values:
                    variant = one.Value.Value
                    file.write(
                        json.dumps([one.NodeId.Identifier, repr(variant.Value), variant.VariantType.name]) + "\n"
                    )

    def node(self, name: str) -> ua.NodeId:
        return ua.NodeId(name, self.index)

    async def variable(self, parent: Any, name: str, value: Any, kind: Any = None, *, writable: bool = True) -> Any:
        node = await parent.add_variable(self.node(name), f"{self.index}:{name}", value, kind)
        await node.set_writable(writable)
        return node

    async def build(self) -> None:
        """Make the nodes."""
        root = await self.server.nodes.objects.add_object(self.node("Magnets"), f"{self.index}:Magnets")
        await self._numbers(root)
        await self._enumerations(root)
        await self._arrays(root)
        await self._oddities(root)
        for place in range(self.options.get("many", 0)):
            node = await self.variable(root, f"AO{place:04d}", float(place), ua.VariantType.Double)
            if self.options.get("described"):
                await self._describe(node, f"AO{place:04d}", low=-1000.0, high=1000.0, unit="A")

    async def _describe(self, node: Any, name: str, *, low: float, high: float, unit: str) -> None:
        await node.add_property(self.node(f"{name}.EURange"), "0:EURange", ua.Range(low, high))
        text = ua.LocalizedText(unit)
        await node.add_property(
            self.node(f"{name}.EngineeringUnits"), "0:EngineeringUnits", ua.EUInformation("", 0, text, text)
        )

    async def _numbers(self, root: Any) -> None:
        current = await self.variable(root, "Q1.Current", 1.0, ua.VariantType.Double)
        await self._describe(current, "Q1.Current", low=-100.0, high=100.0, unit="A")
        text = ua.LocalizedText("Current of quadrupole 1")
        await current.write_attribute(ua.AttributeIds.Description, ua.DataValue(ua.Variant(text)))
        for name, value in NUMBERS.items():
            await self.variable(root, name, value, ua.VariantType[name])
        await self.variable(root, "READONLY", 3.0, ua.VariantType.Double, writable=False)
        await self.variable(root, "LIMITED", 0.0, ua.VariantType.Double)
        limited = self.server.get_node(self.node("LIMITED"))
        await self._describe(limited, "LIMITED", low=-10.0, high=10.0, unit="mm")
        for name in ("SLOW", "REJECTS", "DOUBTS", "Q1.VAL", "DIES"):
            await self.variable(root, name, 0.0, ua.VariantType.Double)
        self.server.iserver.aspace.set_attribute_value_setter(
            self.node("REJECTS"), ua.AttributeIds.Value, lambda *_: None
        )

    async def _enumerations(self, root: Any) -> None:
        kind = await self.server.nodes.enum_data_type.add_data_type(self.node("Mode"), f"{self.index}:Mode")
        strings = [ua.LocalizedText(text) for text in ("Off", "Standby", "On")]
        await kind.add_property(self.node("Mode.EnumStrings"), "0:EnumStrings", strings)
        mode = await root.add_variable(
            self.node("MODE"), f"{self.index}:MODE", 1, ua.VariantType.Int32, datatype=kind.nodeid
        )
        await mode.set_writable()
        sparse = await self.variable(root, "SPARSE", 5, ua.VariantType.UInt16)
        texts = {2: "Low", 5: "High"}
        values = [ua.EnumValueType(Value=number, DisplayName=ua.LocalizedText(t)) for number, t in texts.items()]
        await sparse.add_property(self.node("SPARSE.EnumValues"), "0:EnumValues", values)

    async def _arrays(self, root: Any) -> None:
        await self.variable(root, "WF", [1.0, 2.0, 3.0], ua.VariantType.Double)
        await self.variable(root, "IWF", [1, 2, 3], ua.VariantType.Int16)
        await self.variable(root, "TEXTS", ["a", "b"], ua.VariantType.String)
        await self.variable(root, "FLAGS", [True, False], ua.VariantType.Boolean)
        await self.variable(root, "BIG", [0.0] * self.options.get("big", 10_000), ua.VariantType.Double)
        await self.variable(root, "MATRIX", [[1.0, 2.0], [3.0, 4.0]], ua.VariantType.Double)
        await self.variable(root, "BLOB", b"\x01\xff", ua.VariantType.ByteString)

    async def _oddities(self, root: Any) -> None:
        fixed = {
            "BAD": ua.DataValue(ua.Variant(1.0), StatusCode=ua.StatusCode(ua.StatusCodes.BadSensorFailure)),
            "UNCERTAIN": ua.DataValue(
                ua.Variant(2.0), StatusCode=ua.StatusCode(ua.StatusCodes.UncertainLastUsableValue)
            ),
        }
        for name, value in fixed.items():
            node = await self.variable(root, name, 1.0, ua.VariantType.Double)
            await self.server.write_attribute_value(node.nodeid, value)
        await self.variable(root, "STRUCT", ua.Range(0.0, 1.0), ua.VariantType.ExtensionObject)
        await self.variable(root, "größe µ/ω", 7.0, ua.VariantType.Double)
        await self.variable(root, "WHEN", datetime(2026, 1, 2, tzinfo=UTC), ua.VariantType.DateTime)
        names = {"NANRANGE": ua.Range(float("nan"), 1.0), "ZERORANGE": ua.Range(0.0, 0.0)}
        for name, limits in names.items():
            node = await self.variable(root, name, 0.0, ua.VariantType.Double)
            await node.add_property(self.node(f"{name}.EURange"), f"{self.index}:EURange", limits)
        for number in (4711,):
            node = await root.add_variable(ua.NodeId(number, self.index), f"{self.index}:numbered", 1.0)
            await node.set_writable()


async def serve(options: dict[str, Any]) -> None:
    server = Server(user_manager=Users())
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{options['port']}/osprey/")
    folder = options.get("certificates")
    policies = [ua.SecurityPolicyType.NoSecurity]
    if folder:
        await server.load_certificate(Path(folder) / "server.der")
        await server.load_private_key(Path(folder) / "server.pem")
        policies += SECURE
    server.set_security_policy(policies)
    if options.get("no_anonymous"):
        server.set_identity_tokens([ua.UserNameIdentityToken, ua.X509IdentityToken])
    for number in range(options.get("namespaces_before", 0)):
        await server.register_namespace(f"urn:other:{number}")
    index = await server.register_namespace(URI)
    plant = Plant(server, index, options)
    await plant.build()
    for kind, limit in plant.limits.items():
        await server.get_node(ua.NodeId(LIMIT_NODES[kind])).write_value(ua.Variant(limit, ua.VariantType.UInt32))
    plant.stand_between()
    async with server:
        sys.stdout.write("READY\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=4840)
    parser.add_argument("--options", type=json.loads, default={})
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(serve({"port": arguments.port, **arguments.options}))


if __name__ == "__main__":
    main()
