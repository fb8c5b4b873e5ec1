import statistics as st

lifetimes = [12.1, 12.4, 11.8, 12.0, 30.0]
results = {"median": st.median(lifetimes), "mad": st.median(abs(x - st.median(lifetimes)) for x in lifetimes)}
