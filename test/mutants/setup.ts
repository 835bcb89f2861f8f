/**
 * A mutant that is caught is caught: no time for a smaller counterexample. And no property takes more than seconds; less
 * would cut it short on a busy machine, and those that count what they drew would fail without any mutant.
 */
import fc from 'fast-check'

fc.configureGlobal({ endOnFailure: true, interruptAfterTimeLimit: 5_000 })
