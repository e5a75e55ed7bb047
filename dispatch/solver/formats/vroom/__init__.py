"""VROOM's JSON: jobs, shipments, vehicles and matrices in, VROOM's own answers out.

`reader` reads a file into the values of `file`, `model` makes a `Problem` of them, `answer` writes
VROOM's answers and reads them.

Refused by name: breaks, setup times, times by type of vehicle, speed factors, limits on travel time
and distance, costs of task time that differ between vehicles, amounts both delivered and picked up
by one job, several windows on what is picked up, `max_tasks` where jobs and shipments mix, fixed
times of steps, coordinates without matrices, and every key that the API document does not have. One
key is ours: `unassigned_cost` of a job or shipment, in the unit of VROOM's costs.

Source: https://github.com/VROOM-Project/vroom/blob/master/docs/API.md
"""
