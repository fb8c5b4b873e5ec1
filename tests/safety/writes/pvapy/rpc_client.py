import pvaccess as pva

client = pva.RpcClient("ORBIT:CORRECT")
request = pva.PvObject({"gain": pva.DOUBLE, "plane": pva.STRING})
request["gain"], request["plane"] = 0.3, "x"
results = {"reply": str(client.invoke(request))}
