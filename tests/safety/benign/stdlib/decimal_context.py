from decimal import Decimal, getcontext, localcontext

with localcontext() as ctx:
    ctx.prec = 40
    value = Decimal(499654000) / Decimal(3)
getcontext().traps
results = {"f": str(value)}
