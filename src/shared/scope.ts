/**
 * Mission patterns (docs/protocol/trust.md): which missions a decision covers. Asked by the policy of the engine and by
 * the decision sheet, so that what a person sees before a yes is what the yes does.
 */
export interface Scope {
  /** Patterns of the missions that the peer may receive from us. */
  readonly out: readonly string[]
  /** Patterns of the missions that we take from the peer. */
  readonly in: readonly string[]
  /** Whether the peer's own changes count in the missions that it may receive. */
  readonly access: 'read' | 'write'
}

export const everything: Scope = { out: ['*'], in: ['*'], access: 'write' }

export const scopeLimits = { patterns: 64, patternLength: 128 } as const

interface Matchable {
  readonly id: string
  readonly name: string
  readonly labels: readonly string[]
}

/** `*` stands for any characters; `id:` followed by a mission ID names one mission; else name or label, whole. */
export function matchesPattern(pattern: string, mission: Matchable): boolean {
  if (pattern.startsWith('id:')) return pattern.slice(3) === mission.id
  return [mission.name, ...mission.labels].some((text) => matchesGlob(pattern, text))
}

export function covers(patterns: readonly string[], mission: Matchable): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, mission))
}

/**
 * Whether whatever the one covers the other covers, too. Judged by the patterns alone, so a no may be said where the missions
 * that there are would make it a yes.
 */
export function isWithin(narrow: Scope, wide: Scope): boolean {
  const fits = (inner: readonly string[], outer: readonly string[]) =>
    inner.every((pattern) => outer.some((other) => isPatternWithin(pattern, other)))
  const access = narrow.access === 'read' || wide.access === 'write'
  return access && fits(narrow.out, wide.out) && fits(narrow.in, wide.in)
}

function isPatternWithin(inner: string, outer: string): boolean {
  if (inner === outer || outer === '*') return true
  if (inner.startsWith('id:') || outer.startsWith('id:')) return false
  // A star within the text is swallowed by a star of the outer one, and so is whatever it stands for.
  return matchesGlob(outer, inner)
}

/** Those that also match missions that do not exist yet: all but the ones that name a mission by its ID. */
export function futurePatterns(patterns: readonly string[]): readonly string[] {
  return patterns.filter((pattern) => !pattern.startsWith('id:'))
}

/** Greedy wildcard match in linear steps per star: a pattern from a file must not be able to stall us (no RegExp). */
function matchesGlob(pattern: string, text: string): boolean {
  let p = 0
  let t = 0
  let star = -1
  let resume = 0
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++
      resume = t
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++resume
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}
