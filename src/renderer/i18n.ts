/** Words on screens: keys are checked by the compiler, times and amounts are written by one format. */
import { computed } from 'vue'
import { createI18n, useI18n } from 'vue-i18n'
import { createFormat, type Format } from './display/format'
import { messages } from './locales/en'
import { pseudoOf } from './locales/pseudo'
import { useNow } from './composables/use-now'

type Leaves<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Leaves<T[K]>}` }[keyof T & string]
export type MessageKey = Leaves<typeof messages>

/** A number that is written in the form of its kind once the language is known. */
export interface Amount {
  readonly as: 'clock' | 'time' | 'moment' | 'day' | 'date' | 'full' | 'ago' | 'duration' | 'bytes' | 'number'
  readonly value: number
}

/** A sentence before it has a language: what pure code answers with. */
export interface Saying {
  readonly key: MessageKey
  readonly named?: Readonly<Record<string, string | number | Amount>>
  /** Chooses the plural form, and is `n` in the text. */
  readonly count?: number
}

export function saying(key: MessageKey, named?: Saying['named'], count?: number): Saying {
  return { key, ...(named === undefined ? {} : { named }), ...(count === undefined ? {} : { count }) }
}

export const locales = ['en', 'pseudo'] as const
export type LocaleName = (typeof locales)[number]
/** In its own words, whatever language the window speaks: so that who chose the wrong one finds back. */
export const languageNames: Readonly<Record<LocaleName, string>> = { en: 'English', pseudo: 'Pseudo' }
/** BCP 47; XA is the region that stands for made-up accents. */
export const languageTags: Readonly<Record<LocaleName, string>> = { en: 'en', pseudo: 'en-XA' }

/**
 * @param language a locale, or `system`.
 * @param wanted what the system asks for, as `navigator.languages`, the dearest first.
 */
export function localeOf(language: string, wanted: readonly string[]): LocaleName {
  const named = locales.find((name) => name === language)
  if (named !== undefined) return named
  const found = wanted.flatMap((tag) => locales.filter((name) => tag.toLowerCase().split('-')[0] === name))
  return found[0] ?? 'en'
}

export function createText(locale: LocaleName = 'en') {
  return createI18n({
    legacy: false,
    locale,
    fallbackLocale: 'en',
    messages: { en: messages, pseudo: pseudoOf(messages) }
  })
}

const format = createFormat('en-GB')

export function useText() {
  const { t } = useI18n({ useScope: 'global' })
  const now = useNow()

  function write(value: string | number | Amount): string | number {
    if (typeof value === 'string') return value
    if (typeof value === 'number') return format.number(value)
    return writeAmount(value, now.value)
  }

  function say(text: Saying): string {
    const named: Record<string, string | number> = {}
    for (const [name, value] of Object.entries(text.named ?? {})) named[name] = write(value)
    if (text.count === undefined) return t(text.key, named)
    return t(text.key, { ...named, n: format.number(text.count) }, text.count)
  }

  return {
    say,
    t: (key: MessageKey, named?: Saying['named'], count?: number): string => say(saying(key, named, count)),
    format,
    now: computed(() => now.value)
  }
}

function writeAmount(amount: Amount, now: number): string {
  if (amount.as === 'moment') return format.moment(amount.value, now)
  if (amount.as === 'ago') return format.duration(now - amount.value)
  return format[amount.as as Exclude<keyof Format, 'moment' | 'zone'>](amount.value)
}
