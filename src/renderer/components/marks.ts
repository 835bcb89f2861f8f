/**
 * Every status mark, drawn by us on a grid of 20. The silhouette alone must tell what it says: shape first, then word,
 * then colour. Cut-outs are real holes, so that a mark sits on any ground.
 */
export type Tone = 'text' | 'trusted' | 'waiting' | 'conflict' | 'danger' | 'offline' | 'step'

interface Drawing {
  readonly tone: Tone
  readonly fill?: string
  readonly line?: string
  readonly dashes?: string
}

const disc = 'M10 1a9 9 0 1 1 0 18a9 9 0 1 1 0-18z'
const tick = 'M4.9 10.5l1.6-1.6 2.3 2.3 4.9-4.9 1.6 1.6-6.5 6.5z'
const lowTick = 'M4.9 12l1.6-1.6 2.3 2.3 4.9-4.9 1.6 1.6-6.5 6.5z'
const upperBar = 'M1 4.6h18v3.8h-18z'
const lowerBar = 'M1 11.6h18v3.8h-18z'
const posts = 'M1 4.6h2v10.8h-2zM17 4.6h2v10.8h-2z'

export const marks = {
  verified: { tone: 'trusted', fill: disc + tick },
  unverified: { tone: 'trusted', fill: 'M7 8.8h6v2.4h-6z', line: 'M10 2a8 8 0 1 1 0 16a8 8 0 1 1 0-16' },
  organisation: { tone: 'trusted', fill: `M10 1l9 6.2v11.3h-18v-11.3z${lowTick}` },
  waiting: {
    tone: 'waiting',
    fill: 'M4 1h12v2h-12zM4 17h12v2h-12zM10 10.4l4.6 6.6h-9.2z',
    line: 'M5.6 3q0 3.6 4.4 7q4.4-3.4 4.4-7'
  },
  stranger: { tone: 'offline', line: 'M10 2a8 8 0 1 1 0 16a8 8 0 1 1 0-16', dashes: '3.4 2.88' },
  failure: { tone: 'danger', fill: 'M10 1l9.4 17.5h-18.8zM8.9 7v6h2.2v-6zM8.9 14.2v2.2h2.2v-2.2z' },
  caution: { tone: 'conflict', fill: 'M9.1 7.4h1.8v5.2h-1.8zM9.1 13.8h1.8v1.8h-1.8z', line: 'M10 2.8l7.9 14.7h-15.8z' },
  conflict: { tone: 'conflict', fill: 'M9.2 1l-8.7 9 8.7 9zM10.8 1l8.7 9-8.7 9zM12.4 5.2v9.6l4.6-4.8z' },
  revoked: { tone: 'danger', fill: 'M6.3 1h7.4l5.3 5.3v7.4l-5.3 5.3h-7.4l-5.3-5.3v-7.4zM5 8.8v2.4h10v-2.4z' },
  'not-here': { tone: 'offline', line: 'M10 3.6a6.4 6.4 0 1 1 0 12.8a6.4 6.4 0 1 1 0-12.8M2.6 17.4l14.8-14.8' },
  'in-step': { tone: 'step', fill: upperBar + lowerBar },
  behind: { tone: 'waiting', fill: `${upperBar}M1 11.6h9v3.8h-9zM17.2 11.6h1.8v3.8h-1.8z` },
  ahead: { tone: 'waiting', fill: `${lowerBar}M1 4.6h9v3.8h-9zM17.2 4.6h1.8v3.8h-1.8z` },
  'only-here': { tone: 'waiting', fill: `${upperBar}M1 11.2h18v4.4h-18zM2.6 12.8v1.2h14.8v-1.2z` },
  linked: { tone: 'text', fill: `${posts}M3 9h14v2h-14z` },
  'not-linked': { tone: 'offline', fill: `${posts}M3 9h4.4v2h-4.4zM12.6 9h4.4v2h-4.4z` }
} as const satisfies Record<string, Drawing>

export type MarkName = keyof typeof marks

export function drawingOf(name: MarkName): Drawing {
  return marks[name]
}
