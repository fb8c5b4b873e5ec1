"""Services: parts of Osprey with a life of their own, each a room with one purpose."""
