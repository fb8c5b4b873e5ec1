cells = [
    {"cell_type": "code", "source": "import epics\nepics.caput('SR:HC01:SP', 0.1)"},
    {"cell_type": "markdown", "source": "This cell was not run."},
]
results = {"cells": cells, "n": len(cells)}
