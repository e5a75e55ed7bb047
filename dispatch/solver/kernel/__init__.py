"""The compiled half of the search: arrays in, arrays out.

`tables` turns a `Problem` into the arrays, whose columns `columns` names; `timing` times and prices
one tour, `insertion` finds the best place for a leg, `links` and `posts` hold what couples tours,
`anneal` ruins and recreates, `exchange` moves whole pieces of tours. Nothing here knows what a
`Plan` is: `dispatch.solver.search` drives it.
"""
