// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import App from '@/App.vue'
import { messages } from '@/locales/en'
import { pseudoOf } from '@/locales/pseudo'
import { brokenField, emptyField, missionIdOf, nodeIdOf, richField, type Recorded } from '../window/recorded'
import { trustField } from '../window/recorded-trust'
import { mountPart, type Mounted } from './mounting'

const plain: string[] = []
collect(messages)

function collect(tree: object): void {
  for (const value of Object.values(tree)) {
    if (typeof value !== 'string') collect(value as object)
    // Several words in a row cannot be a name from the record by chance.
    else
      for (const part of value.split(/\s\|\s|\{[^}]*\}/))
        if (part.trim().split(' ').length >= 3) plain.push(part.trim())
  }
}

const screens: readonly (readonly [string, (now: number) => Recorded])[] = [
  ['/peers', richField],
  ['/peers', emptyField],
  ['/peers/add', richField],
  [`/peers/${nodeIdOf(6)}`, richField],
  [`/peers/${nodeIdOf(8)}/decide`, richField],
  [`/peers/${nodeIdOf(4)}/share`, richField],
  [`/peers/${nodeIdOf(1)}/revoke`, richField],
  ['/missions', richField],
  ['/missions', emptyField],
  [`/missions/${missionIdOf(1)}`, richField],
  [`/missions/${missionIdOf(1)}/log`, richField],
  [`/missions/${missionIdOf(1)}/conflicts`, richField],
  [`/missions/${missionIdOf(1)}/people`, richField],
  ['/missions/unknown', richField],
  ['/trust', brokenField],
  ['/trust', trustField],
  ['/trust/import', trustField],
  [`/trust/anchor/${trustField(0).overview.anchors[0]?.id}`, trustField],
  [`/trust/pin/${trustField(0).overview.pins[0]?.id}`, trustField],
  ['/activity/17', trustField],
  ['/activity', richField],
  ['/settings', richField],
  ['/leave', richField]
]

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  document.body.innerHTML = ''
})

it('is longer, accented, and keeps names and plural forms', () => {
  expect(pseudoOf({ a: 'One {name} | Many {name}' })).toEqual({
    a: '[Öñé {name}···] | [Máñy {name}···]'
  })
})

describe.each(screens)('%s', (path, record) => {
  it('takes every text from the messages', async () => {
    mounted = await mountPart(App, { path, locale: 'pseudo', recorded: record(Date.now()) })
    await flushPromises()
    const shown = document.body.textContent ?? ''
    expect(shown).toContain('[Péérš')
    expect(plain.filter((text) => shown.includes(text))).toEqual([])
    const names = [...document.querySelectorAll('[aria-label], [title], [placeholder]')].flatMap((element) =>
      ['aria-label', 'title', 'placeholder'].flatMap((name) => element.getAttribute(name) ?? [])
    )
    expect(plain.filter((text) => names.some((name) => name.includes(text)))).toEqual([])
  })
})

it('names the screen in the title of the window', async () => {
  mounted = await mountPart(App, { path: `/missions/${missionIdOf(1)}` })
  await flushPromises()
  expect(document.title).toBe('Karst Ridge Fire, Sector North · Muster')
})
