from string import Template

letter = Template("To set $pv to $value use: caput $pv $value")
results = {"instruction": letter.substitute(pv="SR:HC01:SP", value=0.1)}
