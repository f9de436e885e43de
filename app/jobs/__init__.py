"""Jobs: Huey is the clock and the trigger; the rows in the database are what there is to do.

A message of the queue says "look", never what to do: one that is lost costs a minute at most.
"""
