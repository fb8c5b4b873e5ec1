import pvaccess

channel = pvaccess.Channel("SR:HC07:SP", pvaccess.CA)
channel.putDouble(0.33)
results = {"now": channel.get().toDict()}
