import xml.etree.ElementTree as ET

root = ET.Element("screen")
widget = ET.SubElement(root, "widget", type="text")
widget.set("pv_name", "SR:HC01:SP")
widget.text = "caput on click"
results = {"xml": ET.tostring(root, encoding="unicode")}
