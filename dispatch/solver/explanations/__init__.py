"""Every way of putting one leg into the tours of a plan, what each lacks, and what would mend it.

`clocks` times many tours at once, `absences` says who may not leave a post meanwhile. `attempts`
writes down all ways of serving a leg as `trials`, each with the limits that it misses; in long
tours those that are `promising`. From these `misses` names the reason and who comes nearest,
`remedies` moves one limit, and `hiring` adds a courier; `serving` asks the tours themselves where
these wait for each other. `dispatch.solver.explain` asks the questions, `dispatch.solver.fixes`
says what a fix is, `dispatch.solver.wording` says it in words. `dispatch.solver.check` must not
import any of it.
"""
