from sardana.macroserver.macro import Macro, Type


class center_slit(Macro):
    """Move the slit to the centre of mass of the last scan."""

    param_def = [["motor", Type.Moveable, None, "slit"], ["position", Type.Float, None, "centre"]]

    def run(self, motor, position):
        self.info("moving %s", motor)
        self.mv(motor, position)


results = {"macro": "center_slit"}
