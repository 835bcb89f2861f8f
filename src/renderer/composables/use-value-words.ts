import type { Json } from '@shared/model'
import { valueSaying } from '../facts/conflict'
import { useText } from '../i18n'

/** Values of fields as they are shown: in words where they have some, and never as nothing. */
export function useValueWords() {
  const { t, say } = useText()
  return (entity: string, field: string, value: Json | undefined): string => {
    const found = valueSaying(entity, field, value)
    return (typeof found === 'string' ? found : say(found)) || t('conflict.noValue')
  }
}
