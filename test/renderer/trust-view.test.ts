// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import App from '@/App.vue'
import { trustField, longAudit } from '../window/recorded-trust'
import type { Recorded } from '../window/recorded'
import { giveSizes, mountPart, type Mounted } from './mounting'

interface Viewport {
  readonly happyDOM: { setViewport(size: { width: number; height: number }): void }
}

let mounted: Mounted | undefined
beforeEach(() => (window as unknown as Viewport).happyDOM.setViewport({ width: 1366, height: 768 }))
afterEach(() => {
  mounted?.wrapper.unmount()
  document.body.innerHTML = ''
})

const field = trustField(Date.now())

async function open(path: string, recorded: Recorded = field): Promise<Mounted> {
  const made = await mountPart(App, { path, recorded })
  await flushPromises()
  return made
}

function button(words: string): HTMLButtonElement {
  const found = [...document.querySelectorAll('button')].find((item) => item.textContent?.trim().startsWith(words))
  if (found === undefined) throw new Error(`there is no button "${words}"`)
  return found
}

const shown = (): string => document.body.textContent ?? ''

describe('trust', () => {
  it('lists organisations and pins, and counts a certificate that runs out in the rail', async () => {
    mounted = await open('/trust')
    expect(shown()).toContain('vouches for 3 laptops; all missions')
    expect(shown()).toContain('nobody has shown it yet')
    expect(shown()).toContain('shown by HQ Ljubljana')
    expect(shown()).toContain('From GZ CA')
    expect(document.querySelector('.rail a[href="#/trust"]')?.textContent).toContain('1 needs a person')
  })

  it('says who loses trust before an organisation is removed', async () => {
    const [anchor] = field.overview.anchors
    mounted = await open(`/trust/anchor/${anchor?.id}`)
    button('Remove').click()
    await flushPromises()
    const sheet = document.querySelector('[role=alertdialog]')
    expect(sheet?.textContent).toContain('trust and links at once of DVD Umag, GFFF-V Polska 1, GZ Koper')
    expect(document.activeElement).toBe(button('Keep HVZ Hrvatska 2026'))
    button('Remove HVZ Hrvatska 2026').click()
    await flushPromises()
    expect(mounted.called).toEqual([{ name: 'removeAnchor', argument: { id: anchor?.id } }])
    expect(document.querySelector('aside')).toBeNull()
  })

  it('leaves the pane when the feed takes the certificate away first', async () => {
    const [pin] = field.overview.pins
    mounted = await open(`/trust/pin/${pin?.id}`)
    button('Remove').click()
    await flushPromises()
    button('Remove Helikopter').click()
    mounted.say({ slice: 'pins', value: [] })
    await flushPromises()
    expect(mounted.called).toEqual([{ name: 'removePin', argument: { id: pin?.id } }])
    expect(document.querySelector('aside')).toBeNull()
  })

  it('goes back to a certificate made here after a confirmation', async () => {
    mounted = await open('/trust')
    button('Go back to a certificate made here').click()
    await flushPromises()
    expect(document.activeElement).toBe(button('Keep the one from GZ CA'))
    button('Go back to one made here').click()
    await flushPromises()
    expect(mounted.called).toEqual([{ name: 'renewCertificate', argument: null }])
  })
})

describe('activity', () => {
  let undo: () => void
  beforeAll(() => void (undo = giveSizes()))
  afterAll(() => undo())

  const rows = (): readonly string[] =>
    [...document.querySelectorAll('[data-row]')].map((row) => row.textContent?.trim() ?? '')

  it('filters by kind and shows the chosen entry', async () => {
    mounted = await open('/activity')
    expect(rows()).toHaveLength(field.audit.length)
    button('Imports').click()
    await flushPromises()
    expect(rows()).toEqual([
      'This laptop shows another certificate',
      'OSC Sežana accepted the certificate of Helikopter S5-HPG for a laptop',
      'OSC Sežana accepted the organisation HVZ Hrvatska 2026'
    ])
    expect(document.querySelector('aside h2')?.textContent).toBe('This laptop shows another certificate')
  })

  it('reads again only when the log grew, and only what is new', async () => {
    const recorded = trustField(Date.now())
    mounted = await open('/activity', recorded)
    const reads = () => mounted?.called.filter(({ name }) => name === 'listAudit').length
    expect(reads()).toBe(1)
    mounted.say({ slice: 'health', value: { problems: [] } })
    await flushPromises()
    expect(reads()).toBe(1)
    recorded.audit.unshift({ seq: recorded.audit.length + 1, at: Date.now(), kind: 'settings', text: 'theme' })
    mounted.say({ slice: 'auditTotal', value: recorded.audit.length })
    await flushPromises()
    expect(reads()).toBe(2)
    expect(rows()[0]).toBe('Settings were changed')
    // What a person looks at stays.
    expect(document.querySelector('aside h2')?.textContent).toBe('This laptop shows another certificate')
  })

  it('lets new entries wait while somebody reads further down', async () => {
    const recorded = trustField(Date.now())
    mounted = await open('/activity', recorded)
    const list = document.querySelector<HTMLElement>('.list')
    if (list === null) throw new Error('there is no list')
    list.scrollTop = 400
    list.dispatchEvent(new Event('scroll'))
    const before = rows()
    recorded.audit.unshift({ seq: recorded.audit.length + 1, at: Date.now(), kind: 'settings', text: 'theme' })
    mounted.say({ slice: 'auditTotal', value: recorded.audit.length })
    await flushPromises()
    expect(rows()).toEqual(before)
    button('1 new entry').click()
    await flushPromises()
    expect(rows()).toEqual(['Settings were changed', ...before])
  })

  it('opens an entry by its address, and says when it is not there', async () => {
    mounted = await open('/activity/1')
    expect(document.querySelector('aside h2')?.textContent).toBe('Muster started')
    mounted.wrapper.unmount()
    mounted = await open('/activity/99999')
    expect(document.querySelector('aside')?.textContent).toContain('This entry is not among those that were read.')
  })

  it('gives the whole log to a file', async () => {
    const saved: string[] = []
    Object.assign(window, {
      muster: {
        onOpenedFiles: () => () => undefined,
        saveFile: async (name: string, data: string) => {
          saved.push(name, new TextDecoder().decode(Uint8Array.from(atob(data), (c) => c.charCodeAt(0))))
          return { ok: true, value: { path: '/tmp/x.json' } }
        }
      }
    })
    const recorded = longAudit(Date.now(), 450)
    mounted = await open('/activity', recorded)
    button('Save for the record').click()
    await flushPromises()
    const record = JSON.parse(saved[1] ?? '') as { entries: { seq: number; sentence: string }[] }
    expect(saved[0]).toMatch(/^muster-activity-\d{4}-\d\d-\d\d\.json$/)
    expect(record.entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 450 }, (_, index) => 450 - index))
    expect(record.entries[0]?.sentence).toContain('Engine 1')
    delete (window as { muster?: unknown }).muster
  })
})
