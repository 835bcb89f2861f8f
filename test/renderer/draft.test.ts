import { describe, expect, it } from 'vitest'
import type { ChangeName, FieldValue, FieldView } from '@shared/model'
import { arrivedSince, isChanged, namesToReplace, openDraft, settle } from '@/display/draft'
import { nodeIdOf } from '../window/recorded'

function value(name: string, text: string): FieldValue {
  return { name: name as ChangeName, value: text, author: nodeIdOf(1), authorName: 'Palmanova 1', at: 0 }
}

function field(...values: readonly FieldValue[]): FieldView {
  return { field: 'text', values }
}

describe('a form with what was seen', () => {
  it('names what was there when it opened', () => {
    const draft = openDraft(field(value('a', 'Road closed')))
    expect(draft).toEqual({ seen: ['a'], from: 'Road closed', text: 'Road closed' })
  })

  it('names nothing for a field that was never written', () => {
    expect(openDraft(undefined)).toEqual({ seen: [], from: '', text: '' })
  })

  it('keeps the typed text and does not name what arrived: saving makes a conflict', () => {
    const draft = { ...openDraft(field(value('a', 'Road closed'))), text: 'Road closed, both lanes' }
    const now = field(value('b', 'Road open'))
    expect(arrivedSince(draft, now).map((item) => item.name)).toEqual(['b'])
    expect(draft.text).toBe('Road closed, both lanes')
    expect(namesToReplace(draft, now)).toEqual(['a'])
  })

  it('names what arrived once the person chose that theirs replaces it', () => {
    const draft = { ...openDraft(field(value('a', 'Road closed'))), text: 'Both lanes' }
    const now = field(value('b', 'Road open'))
    const settled = settle(draft, now)
    expect(namesToReplace(settled, now)).toEqual(['a', 'b'])
    expect(arrivedSince(settled, now)).toEqual([])
    expect(arrivedSince(settled, field(value('b', 'Road open'), value('c', 'Detour')))).toHaveLength(1)
  })

  it('settles a conflict that was open when the form opened', () => {
    const both = field(value('a', 'x'), value('b', 'y'))
    expect(namesToReplace(openDraft(both), both)).toEqual(['a', 'b'])
  })

  it('takes an equal text from elsewhere as no conflict', () => {
    const draft = { ...openDraft(field(value('a', 'Road closed'))), text: 'Road open ' }
    const now = field(value('b', 'Road open'))
    expect(arrivedSince(draft, now)).toEqual([])
    expect(namesToReplace(draft, now)).toEqual(['a', 'b'])
  })

  it('knows whether anything was typed', () => {
    const draft = openDraft(field(value('a', 'Road closed')))
    expect(isChanged(draft)).toBe(false)
    expect(isChanged({ ...draft, text: 'Road closed ' })).toBe(false)
    expect(isChanged({ ...draft, text: 'Road open' })).toBe(true)
  })
})
