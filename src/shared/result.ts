/** The outcome of anything that can fail in an expected way. Thrown errors mean a broken disk or a bug of ours. */
import { problems, type ProblemCode } from './problems.js'

/** What happened, why we think so, what to do; `ref` is short enough to be read over a radio. */
export interface Problem {
  readonly code: ProblemCode
  readonly ref: string
  readonly message: string
  readonly advice: string
  /** Facts of this very case, for the log and the detail line; never a secret. */
  readonly detail?: string
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem }

export function ok<T>(value: T): Result<T> {
  return { ok: true, value }
}

export function problem(code: ProblemCode, detail?: string): Problem {
  const { ref, message, advice } = problems[code]
  return detail === undefined ? { code, ref, message, advice } : { code, ref, message, advice, detail }
}

export function fail<T = never>(code: ProblemCode, detail?: string): Result<T> {
  return { ok: false, problem: problem(code, detail) }
}
