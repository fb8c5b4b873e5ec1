from pvaccess import Channel, ProviderType

delay = Channel("TIM:DELAY", ProviderType.PVA)
delay.setTimeout(2.0)
shown = delay.putGet(17)
results = {"shown": str(shown)}
