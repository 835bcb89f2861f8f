/** Words of an import by what the certificate becomes. */
import type { CertificateFormat } from '@shared/contract'
import type { ImportAs } from '@shared/model'
import type { MessageKey } from '../i18n'
import type { CertificateAs, ChainLink } from './certificate'
import type { GrantEnd, Until } from './grant'

interface ImportWords {
  readonly word: MessageKey
  readonly title: MessageKey
  readonly not: MessageKey
  readonly chosen: MessageKey
  readonly grant: MessageKey
  readonly done: MessageKey
}

export const importWords: Readonly<Record<CertificateAs, ImportWords>> = {
  anchor: {
    word: 'import.asWord.anchor',
    title: 'import.titleAs.anchor',
    not: 'import.asOf.anchor',
    chosen: 'import.chosenAs.anchor',
    grant: 'import.grantAs.anchor',
    done: 'import.doneAs.anchor'
  },
  peer: {
    word: 'import.asWord.peer',
    title: 'import.titleAs.peer',
    not: 'import.asOf.peer',
    chosen: 'import.chosenAs.peer',
    grant: 'import.grantAs.peer',
    done: 'import.doneAs.peer'
  },
  identity: {
    word: 'import.asWord.identity',
    title: 'import.titleAs.identity',
    not: 'import.asOf.identity',
    chosen: 'import.chosenAs.identity',
    grant: 'import.grantAs.identity',
    done: 'import.doneAs.identity'
  }
}

/** What a file of a package most likely is. */
export const memberWords: Readonly<Record<ImportAs, MessageKey>> = {
  anchor: 'import.memberAs.anchor',
  peer: 'import.memberAs.peer',
  identity: 'import.memberAs.identity',
  list: 'import.memberAs.list'
}

/** The line below a name in the drawn chain. */
export function roleWord(link: ChainLink, index: number, as: CertificateAs): MessageKey {
  if (link.role === 'absent') return 'import.absent'
  if (link.role === 'chosen') return importWords[as].chosen
  return index === 0 ? 'import.root' : 'import.issuer'
}

export const endWords: Readonly<Record<GrantEnd, MessageKey>> = {
  day: 'import.end.day',
  week: 'import.end.week',
  date: 'import.end.date',
  open: 'import.end.open'
}

export const dateErrors: Readonly<Record<Exclude<Until['state'], 'good'>, MessageKey>> = {
  unreadable: 'import.dateError.unreadable',
  past: 'import.dateError.past',
  'too-late': 'import.dateError.too-late'
}

export interface FormatWords {
  readonly format: CertificateFormat
  readonly word: MessageKey
  readonly note: MessageKey
  readonly needsPassword: boolean
}

export const formatWords: readonly FormatWords[] = [
  { format: 'pem', word: 'export.pem', note: 'export.pemNote', needsPassword: false },
  { format: 'der', word: 'export.der', note: 'export.derNote', needsPassword: false },
  { format: 'p12', word: 'export.p12', note: 'export.p12Note', needsPassword: true },
  { format: 'p12-old', word: 'export.p12Old', note: 'export.p12OldNote', needsPassword: true }
]
