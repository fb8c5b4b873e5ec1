import pytest
from osprey.control import ChannelInfo
pytestmark = pytest.mark.anyio
async def test_names(connect, connect_pva, pva_ioc):
    ioc = pva_ioc
    base = ioc.name("SLOW")
    names=[base, base+".VAL", base+".", base+".VAL ", base.lower(), base+".VAL{}", base+'.{"arr":{"s":2}}', base+".VAL[0]", base+".PROC", base+"$", base+".VAL$", base+".val", base+".{}", base+".VAL.VAL", base+".A..", base+"\t", base+"/value", base+"/value/index"]
    for c in (await connect(ioc.port), await connect_pva(ioc.pva_port)):
        print(type(c).__name__)
        for x, info in zip(names, await c.describe(names, timeout_s=3)):
            print("  ", repr(x), (info.name, info.field, info.is_value_field, info.has_modifier) if isinstance(info, ChannelInfo) else info.kind)
