export interface Goal {
  readonly ratioAtMost?: number
  readonly ratioAtLeast?: number
  readonly atMost?: number
}

export interface Row {
  readonly workload: string
  readonly unit: string
  readonly ours?: number
  readonly floor?: number
  readonly rival?: number
  readonly must?: Goal
  readonly aim?: Goal
  /** Why ours was not measured. */
  readonly missing?: string
}

export interface JudgedRow extends Row {
  readonly ratio?: number
  readonly isMet?: boolean
  /** 1: met. */
  readonly missedBy?: number
  readonly isAimMet?: boolean
}

export function judge(row: Row): JudgedRow
export function table(rows: readonly JudgedRow[], before?: readonly JudgedRow[]): string
export function text(number: number): string
