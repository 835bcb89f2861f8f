/** A mutant that is caught is caught: no time for a smaller counterexample, and no more than a moment for one property. */
import fc from 'fast-check'

fc.configureGlobal({ endOnFailure: true, interruptAfterTimeLimit: 1_000 })
