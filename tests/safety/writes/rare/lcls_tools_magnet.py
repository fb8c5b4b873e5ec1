from lcls_tools.common.devices.reader import create_magnet

quad = create_magnet(area="DIAG0", name="QDG001")
quad.bctrl = quad.bact * 1.01
quad.trim()
results = {"bctrl": quad.bctrl}
