class Element:
    def __init__(self, **attributes):
        for key, value in attributes.items():
            setattr(self, key, value)


ring = [Element(name="QF", k1=2.0, length=0.3), Element(name="QD", k1=-1.9, length=0.3)]
for element in ring:
    setattr(element, "k1", element.k1 * 1.01)
results = {e.name: e.k1 for e in ring}
