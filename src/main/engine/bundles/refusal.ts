/** What stops a bundle half-way, many calls deep, with its code; `settled` makes a value of it where the work began. */
import type { ProblemCode } from '@shared/problems.js'
import { fail, ok, problem, type Problem, type Result } from '@shared/result.js'
import { DamageFound, diskProblem, systemCode } from '../storage/disk.js'

export class BundleRefused extends Error {
  readonly problem: Problem

  constructor(code: ProblemCode, detail?: string) {
    super(code)
    this.problem = problem(code, detail)
  }
}

/** The bytes are not those of a bundle that this format allows, or not those that its sender signed. */
export function damaged(detail: string): BundleRefused {
  return new BundleRefused('bundle-damaged', detail)
}

/** The outcome of work on a bundle and on disks; any other error is a bug and stays one. */
export async function settled<T>(work: Promise<T>): Promise<Result<T>> {
  try {
    return ok(await work)
  } catch (error) {
    if (error instanceof BundleRefused) return { ok: false, problem: error.problem }
    if (systemCode(error) === undefined && !(error instanceof DamageFound)) throw error
    return fail(diskProblem(error), String(error))
  }
}
