/** The first steps, once per laptop. */
import type { Settings } from '@shared/settings'
import type { MessageKey } from '../i18n'

export const firstSteps = ['name', 'words', 'begin'] as const
export type FirstStep = (typeof firstSteps)[number]

export type NameDraft = Pick<Settings, 'callsign' | 'laptop' | 'federation'>
const longest = 64

/** What is wrong with the names, field by field; the engine looks again. */
export function nameErrors(draft: NameDraft): Readonly<Partial<Record<keyof NameDraft, MessageKey>>> {
  return {
    ...(isName(draft.callsign) ? {} : { callsign: 'firstRun.name.callsignError' }),
    ...(isName(draft.federation) ? {} : { federation: 'firstRun.name.federationError' })
  }
}

function isName(text: string): boolean {
  const length = [...text.trim()].length
  return length > 0 && length <= longest
}

export const ways = [
  { way: 'link', word: 'firstRun.begin.link', line: 'firstRun.begin.linkLine', to: '/peers' },
  { way: 'import', word: 'firstRun.begin.import', line: 'firstRun.begin.importLine', to: '/trust/import' },
  { way: 'alone', word: 'firstRun.begin.alone', line: 'firstRun.begin.aloneLine', to: '/missions?new' }
] as const satisfies readonly { way: string; word: MessageKey; line: MessageKey; to: string }[]
export type Way = (typeof ways)[number]
