import ast

SOURCE = "import epics\nepics.caput('SR:HC01:SP', 1.0)\nx = epics.caget('SR:DCCT')\n"
calls = [node.func.attr for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Call)]
results = {"calls": calls}
