import epics


class Plugin:
    def __init_subclass__(cls, channel=None, value=0, **kw):
        super().__init_subclass__(**kw)
        if channel:
            epics.caput(channel, value)


class OpenV3(Plugin, channel="VAC:V3:OPEN", value=1):
    pass


results = {"name": OpenV3.__name__}
