import type { MissionSummary } from '@shared/model'

export interface MarkedPart {
  readonly text: string
  readonly isMarked: boolean
}

/** A text in parts, by where the marks in it are. */
export function marked(text: string, marks: readonly (readonly [number, number])[]): readonly MarkedPart[] {
  const parts: MarkedPart[] = []
  let at = 0
  for (const [from, to] of marks) {
    if (from > at) parts.push({ text: text.slice(at, from), isMarked: false })
    parts.push({ text: text.slice(from, to), isMarked: true })
    at = to
  }
  if (at < text.length) parts.push({ text: text.slice(at), isMarked: false })
  return parts
}

/** Where something that was found can be seen: log entries in the log, the rest with its history. */
export function searchPath(missionId: string, entity: string, words: string) {
  if (entity === 'mission') return { path: `/missions/${missionId}` }
  if (entity.startsWith('log/')) return { path: `/missions/${missionId}/log`, query: { find: words } }
  return { path: `/missions/${missionId}/history`, query: { entity } }
}

interface Place {
  readonly name: string
  readonly path: string
}

/** Screens and missions whose name has what was typed. */
export function placesNamed(
  text: string,
  screens: readonly Place[],
  missions: readonly Pick<MissionSummary, 'id' | 'name'>[]
): readonly Place[] {
  const wanted = plain(text.trim())
  if (wanted === '') return []
  const named = [...screens, ...missions.map(({ id, name }) => ({ name, path: `/missions/${id}` }))]
  return named.filter(({ name }) => plain(name).includes(wanted)).slice(0, 8)
}

function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
}
