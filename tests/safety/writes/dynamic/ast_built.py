import ast

call = ast.Call(
    func=ast.Attribute(value=ast.Name("epics", ast.Load()), attr="caput", ctx=ast.Load()),
    args=[ast.Constant("SR:VC04:SP"), ast.Constant(0.2)],
    keywords=[],
)
tree = ast.Module([ast.Import([ast.alias("epics")]), ast.Expr(call)], type_ignores=[])
exec(compile(ast.fix_missing_locations(tree), "tree", "exec"))
results = {}
