// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ArgumentOf } from '@shared/contract'
import { fail, ok } from '@shared/result'
import App from '@/App.vue'
import ExportSheet from '@/components/ExportSheet.vue'
import { missionIdOf } from '../window/recorded'
import { packageOf, previewOf, trustField, type FileKind } from '../window/recorded-trust'
import { mountPart, type Mounted } from './mounting'

const dayMs = 24 * 60 * 60_000

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  document.body.innerHTML = ''
  delete (window as { muster?: unknown }).muster
  vi.restoreAllMocks()
})

function button(words: string): HTMLButtonElement {
  const found = [...document.querySelectorAll('button')].find((item) => item.textContent?.trim() === words)
  if (found === undefined) throw new Error(`there is no button "${words}"`)
  return found
}

function box(words: string): HTMLInputElement {
  const label = [...document.querySelectorAll('label')].find((item) => item.textContent?.trim().startsWith(words))
  const found = label?.querySelector('input')
  if (!found) throw new Error(`there is no box "${words}"`)
  return found
}

async function type(selector: string, text: string): Promise<void> {
  const input = document.querySelector<HTMLInputElement>(selector)
  if (input === null) throw new Error(`there is no ${selector}`)
  input.value = text
  input.dispatchEvent(new Event('input', { bubbles: true }))
  await flushPromises()
}

async function openWindow(): Promise<Mounted> {
  const made = await mountPart(App, { path: '/peers', recorded: trustField(Date.now()) })
  await flushPromises()
  return made
}

/** What the browser tells of a drag with these files. */
function dragEvent(name: string, files: readonly File[], folders: readonly string[] = []): Event {
  const items = files.map((file) => ({
    kind: 'file',
    webkitGetAsEntry: () => ({ isDirectory: folders.includes(file.name) })
  }))
  const event = new Event(name, { bubbles: true, cancelable: true })
  Object.assign(event, { dataTransfer: { types: ['Files'], items, files, dropEffect: 'none' }, relatedTarget: null })
  return event
}

async function drop(...files: readonly File[]): Promise<void> {
  document.body.dispatchEvent(dragEvent('drop', files))
  await flushPromises()
  await vi.waitFor(() => expect(document.body.textContent).not.toContain('Looking at it'))
  await flushPromises()
}

async function dropKind(kind: FileKind): Promise<Mounted> {
  const made = await openWindow()
  made.answer('previewCertificates', ok(previewOf(Date.now(), kind)))
  made.answer('importCertificates', ok({ as: kind, id: 'a' }))
  await drop(new File(['bytes'], `${kind}.pem`))
  return made
}

function granted(made: Mounted): ArgumentOf<'importCertificates'> | undefined {
  return made.called.find(({ name }) => name === 'importCertificates')?.argument as never
}

describe('files dropped on the window', () => {
  it('are looked at wherever they fall, and shown under Trust', async () => {
    mounted = await dropKind('anchor')
    const call = mounted.called.find(({ name }) => name === 'previewCertificates')
    expect(call?.argument).toEqual({ files: [btoa('bytes')] })
    expect(document.body.textContent).toContain('Import an organisation?')
    expect(document.body.textContent).toContain('This will trust everyone issued by LFV Feld-CA 2026,')
    expect(document.body.textContent).toContain('here today: FüKW Kärnten')
    expect(granted(mounted)).toBeUndefined()
  })

  it('are hinted at while they are over the window', async () => {
    mounted = await openWindow()
    const over = dragEvent('dragover', [])
    document.body.dispatchEvent(over)
    await flushPromises()
    expect(over.defaultPrevented).toBe(true)
    expect(document.body.textContent).toContain('Drop certificate files here')
    document.body.dispatchEvent(dragEvent('dragleave', []))
    await flushPromises()
    expect(document.body.textContent).not.toContain('Drop certificate files here')
  })

  it('do nothing over an open decision, and never replace the window', async () => {
    mounted = await mountPart(App, { path: '/trust', recorded: trustField(Date.now()) })
    await flushPromises()
    button('Save own certificate').click()
    await flushPromises()
    const event = dragEvent('drop', [new File(['bytes'], 'a.pem')])
    document.body.dispatchEvent(event)
    await flushPromises()
    expect(event.defaultPrevented).toBe(true)
    expect(mounted.called).toEqual([])
  })

  it('leaves out folders', async () => {
    mounted = await openWindow()
    mounted.answer('previewCertificates', fail('no-certificate'))
    const files = [new File([''], 'folder'), new File(['key'], 'a.key')]
    document.body.dispatchEvent(dragEvent('drop', files, ['folder']))
    await vi.waitFor(() => expect(mounted?.called.map(({ name }) => name)).toContain('previewCertificates'))
    expect(mounted.called.find(({ name }) => name === 'previewCertificates')?.argument).toEqual({
      files: [btoa('key')]
    })
  })

  it('refuses too much before a byte of it is read', async () => {
    mounted = await openWindow()
    const film = new File([new Uint8Array(1024 * 1024 + 1)], 'film.mp4')
    const read = vi.spyOn(film, 'arrayBuffer')
    await drop(film)
    expect(document.body.textContent).toContain('CRT-15')
    expect(read).not.toHaveBeenCalled()
    expect(mounted.called).toEqual([])
  })

  it('says what is wrong with them, with the code', async () => {
    mounted = await openWindow()
    mounted.answer('previewCertificates', fail('obsolete-cipher'))
    await drop(new File(['bytes'], 'old.p12'))
    expect(document.body.textContent).toContain('This file is locked with a cipher that is not supported.')
    expect(document.body.textContent).toContain('CRT-05')
  })

  it('may be a package, of which one file is looked at and imported at a time', async () => {
    mounted = await openWindow()
    mounted.answer('previewCertificates', packageOf(Date.now()))
    await drop(new File(['zip'], 'tak.zip'))
    const inputs = [...document.querySelectorAll<HTMLInputElement>('.member input')]
    expect(inputs.map(({ checked, disabled }) => [checked, disabled])).toEqual([
      [true, false],
      [false, false],
      [false, false],
      [false, true]
    ])
    expect(document.body.textContent).toContain('Import an organisation?')
    mounted.answer('previewCertificates', packageOf(Date.now(), 'cert/fuekw-2.p12'))
    inputs[2]?.click()
    await flushPromises()
    expect(document.body.textContent).toContain('cert/fuekw-2.p12 has a password of its own.')
    button('Back to the other files').click()
    await flushPromises()
    expect(document.body.textContent).toContain('Import an organisation?')
    mounted.answer('previewCertificates', packageOf(Date.now(), 'cert/fuekw-1.p12'))
    document.querySelectorAll<HTMLInputElement>('.member input')[1]?.click()
    await flushPromises()
    expect(mounted.called.at(-1)?.argument).toEqual({ files: [btoa('zip')], member: 'cert/fuekw-1.p12' })
    mounted.answer('importCertificates', ok({ as: 'identity', id: 'a' }))
    button('Use for this laptop').click()
    await flushPromises()
    expect(granted(mounted)).toEqual({ files: [btoa('zip')], member: 'cert/fuekw-1.p12', as: 'identity' })
  })

  it('come from the desktop host the same way', async () => {
    let opened: (files: { names: readonly string[]; files: readonly string[] }) => void = () => undefined
    const onOpenedFiles = (listener: typeof opened) => {
      opened = listener
      return () => undefined
    }
    Object.assign(window, { muster: { onOpenedFiles } })
    mounted = await openWindow()
    mounted.answer('previewCertificates', ok(previewOf(Date.now(), 'peer')))
    opened({ names: ['fuekw-1.cer'], files: [btoa('bytes')] })
    await flushPromises()
    expect(document.body.textContent).toContain('Accept this certificate for a laptop?')
    expect(document.body.textContent).toContain('fuekw-1.cer, 5')
  })
})

describe('a locked file', () => {
  async function openLocked(): Promise<Mounted> {
    const made = await openWindow()
    made.answer('previewCertificates', fail('password-needed'))
    await drop(new File(['bytes'], 'gz-sezana.p12'))
    return made
  }

  it('asks in place, again after a wrong password, and uses the right one for the import', async () => {
    mounted = await openLocked()
    expect(document.body.textContent).toContain('CRT-03')
    mounted.answer('previewCertificates', fail('wrong-password'))
    await type('input[type=password]', 'wrong')
    button('Open the file').click()
    await flushPromises()
    expect(document.body.textContent).toContain('CRT-02')
    mounted.answer('previewCertificates', ok(previewOf(Date.now(), 'identity')))
    await type('input[type=password]', 'atakatak')
    button('Open the file').click()
    await flushPromises()
    expect(document.body.textContent).toContain('Use this certificate for this laptop?')
    mounted.answer('importCertificates', ok({ as: 'identity', id: 'a' }))
    button('Use for this laptop').click()
    await flushPromises()
    expect(granted(mounted)).toEqual({ files: [btoa('bytes')], password: 'atakatak', as: 'identity' })
  })

  it('asks the engine nothing for an empty password', async () => {
    mounted = await openLocked()
    button('Open the file').click()
    await flushPromises()
    expect(mounted.called.filter(({ name }) => name === 'previewCertificates')).toHaveLength(1)
    expect(document.body.textContent).toContain('Type the password.')
  })

  it('forgets files and password when it is left', async () => {
    mounted = await openLocked()
    button('Don’t import').click()
    await flushPromises()
    expect(document.body.textContent).not.toContain('gz-sezana.p12')
    expect(document.querySelector('input[type=password]')).toBeNull()
  })
})

describe('the grant', () => {
  it('is never given by Enter; the focus is on the other answer', async () => {
    mounted = await dropKind('anchor')
    expect(document.activeElement).toBe(button('Don’t import'))
    const enter = new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true })
    button('Trust this organisation').dispatchEvent(enter)
    await flushPromises()
    expect(enter.defaultPrevented).toBe(true)
    expect(granted(mounted)).toBeUndefined()
  })

  it('is everything for seven days at first', async () => {
    mounted = await dropKind('anchor')
    button('Trust this organisation').click()
    await flushPromises()
    const { until, ...rest } = granted(mounted) ?? { until: 0 }
    expect(rest).toEqual({ files: [btoa('bytes')], as: 'anchor', scope: { out: ['*'], in: ['*'], access: 'write' } })
    expect(Math.round(((until ?? 0) - Date.now()) / dayMs)).toBe(7)
    expect(document.body.textContent).toContain('LFV Feld-CA 2026 vouches for its laptops now')
  })

  it('follows the choices of scope and end', async () => {
    mounted = await dropKind('anchor')
    for (const words of [
      'Chosen missions',
      'Kras: air operations',
      'Host nation support',
      'Read only',
      'Until removed'
    ]) {
      box(words).click()
      await flushPromises()
    }
    button('Trust this organisation').click()
    await flushPromises()
    expect(granted(mounted)).toEqual({
      files: [btoa('bytes')],
      as: 'anchor',
      scope: { out: [`id:${missionIdOf(1)}`], in: ['*'], access: 'read' }
    })
  })

  it('takes a date, and none that is over or after the end of the certificate', async () => {
    mounted = await dropKind('anchor')
    box('A date').click()
    await flushPromises()
    const nextMonth = new Date(Date.now() + 30 * dayMs)
    const text = `${nextMonth.getFullYear()}-${String(nextMonth.getMonth() + 1).padStart(2, '0')}-20 18:00`
    for (const [date, words] of [
      ['2020-01-01 00:00', 'This is over already.'],
      ['2199-01-01 00:00', 'The certificate ends before that.'],
      ['next week', 'Write year-month-day hour:minute']
    ] as const) {
      await type('.date input', date)
      expect(document.body.textContent).toContain(words)
      expect(button('Trust this organisation').disabled).toBe(true)
    }
    await type('.date input', text)
    button('Trust this organisation').click()
    await flushPromises()
    expect(granted(mounted)?.until).toBe(new Date(text.replace(' ', 'T')).getTime())
  })

  it('can be for something else when the certificate fits more than one', async () => {
    mounted = await dropKind('identity')
    box('One laptop').click()
    await flushPromises()
    expect(document.body.textContent).toContain(
      'Who shows this certificate and proves its key will be trusted when met.'
    )
    expect(document.body.textContent).toContain('Not as an organisation:')
    expect(document.body.textContent).toContain('CRT-13')
    mounted.answer('importCertificates', fail('disk-full'))
    button('Accept for its laptop').click()
    await flushPromises()
    expect(granted(mounted)?.as).toBe('peer')
    expect(document.body.textContent).toContain('DSK-01')
  })
})

describe('saving the own certificate', () => {
  it('asks for a password where the format has one, and hands the file to the desktop host', async () => {
    const saveFile = vi.fn(async () => ok({ path: '/media/stick/muster.p12' }))
    Object.assign(window, { muster: { saveFile, onOpenedFiles: () => () => undefined } })
    mounted = await mountPart(ExportSheet, { recorded: trustField(Date.now()) })
    await flushPromises()
    box('Older TAK devices').click()
    await flushPromises()
    button('Save').click()
    await flushPromises()
    expect(mounted.called).toEqual([])
    expect(document.body.textContent).toContain('1 to 64 characters.')
    await type('input[type=password]', 'atakatak')
    mounted.answer('exportCertificate', ok({ fileName: 'muster-osc.p12', data: 'AAAA' }))
    button('Save').click()
    await flushPromises()
    expect(mounted.called).toEqual([
      { name: 'exportCertificate', argument: { format: 'p12-old', password: 'atakatak' } }
    ])
    expect(saveFile).toHaveBeenCalledWith('muster-osc.p12', 'AAAA')
    expect(mounted.wrapper.emitted('close')).toHaveLength(1)
  })

  it('stays open when the person changes their mind about where', async () => {
    Object.assign(window, { muster: { saveFile: async () => ok(null) } })
    mounted = await mountPart(ExportSheet)
    await flushPromises()
    mounted.answer('exportCertificate', ok({ fileName: 'muster-osc.crt', data: 'AAAA' }))
    button('Save').click()
    await flushPromises()
    expect(mounted.called).toEqual([{ name: 'exportCertificate', argument: { format: 'pem' } }])
    expect(mounted.wrapper.emitted('close')).toBeUndefined()
  })
})
