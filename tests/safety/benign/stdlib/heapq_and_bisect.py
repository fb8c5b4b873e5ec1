import bisect
import heapq

times = [3.0, 1.0, 2.0]
heapq.heapify(times)
heapq.heappush(times, 0.5)
ordered = sorted(times)
bisect.insort(ordered, 1.5)
results = {"ordered": ordered}
