"""The compiled half of the search: arrays in, arrays out.

`tables` turns a `Problem` into the arrays, whose columns `columns` names; `neighbours` says which
legs are close; `solution` puts solutions in and out. `timing` times and prices one tour, `posts`
looks after those who stay behind, `insertion` finds the best rows of a tour for a leg. A step is
made of `ruin`, `recreate` and `exchange`, and kept or undone by `steps`; `anneal` and `fleet` take
steps. `pool` keeps the routes that steps make and `bundles` lists short ones, for
`dispatch.solver.columns`; `parts` cuts a big zone up for `dispatch.solver.split`. Nothing here
knows what a `Plan` is: `dispatch.solver.search` drives it.
"""
