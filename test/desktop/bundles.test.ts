/**
 * Bundles in the built desktop app on the Chromium host: a person names the files in the system's dialogs or opens them
 * from outside, and a page gets no further than the files that a person named.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChosenFile } from '@shared/contract.js'
import type { BundlePreview, BundleTaken, BundleWritten } from '@shared/model.js'
import type { Result } from '@shared/result.js'
import { temporaryFolder } from '../support/headless.js'
import { chromiumPath } from '../window/browser.js'
import { bundleHost, DesktopApp, prepareFolder } from './desktop-app.js'

const undos: (() => Promise<void>)[] = []

describe.runIf(chromiumPath !== undefined)('a bundle on the desktop (Chromium host)', () => {
  let app: DesktopApp
  let base = ''
  let path = ''
  let mission = ''

  /** The real mouse, on what a person reads; of several the last, which lies on top. */
  async function clickOn(words: string): Promise<void> {
    await app.untilPage(`(() => {
      const found = [...document.querySelectorAll('button, label')].findLast((one) => one.textContent.includes(${JSON.stringify(words)}))
      for (const one of document.querySelectorAll('[data-wanted]')) one.removeAttribute('data-wanted')
      found?.setAttribute('data-wanted', '')
      return found !== undefined
    })()`)
    await app.click('[data-wanted]')
  }
  const says = (text: string) => app.untilPage(`document.body.innerText.includes(${JSON.stringify(text)})`)
  const order = (more: object = {}) =>
    JSON.stringify({ fileName: 'Karst', missions: [mission], to: [], inTheOpen: true, ...more })
  const code = <T>(result: Result<T>) => (result.ok ? 'done' : result.problem.code)

  beforeAll(async () => {
    base = await temporaryFolder((undo) => undos.push(undo))
    path = join(base, 'fire.muster-bundle')
    const dataFolder = join(base, 'data')
    await prepareFolder(dataFolder)
    app = await DesktopApp.start({ host: await bundleHost(join(base, 'host')), dataFolder })
    const made = await app.call('createMission', { name: 'Karst Ridge Fire' })
    mission = made.ok ? made.value.id : ''
  })
  afterAll(async () => {
    app.kill()
    await app.ended
    for (const undo of undos) await undo()
  })

  it('is not written, taken or looked at by a page alone', async () => {
    expect(code(await app.evaluate<Result<unknown>>(`window.muster.writeBundle(${order()})`))).toBe('no-hand')
    expect(code(await app.evaluate<Result<unknown>>(`window.muster.writeBundle(${order({ path })})`))).toBe(
      'bad-request'
    )
    expect(code(await app.evaluate<Result<unknown>>(`window.muster.previewBundle(${JSON.stringify(path)})`))).toBe(
      'not-found'
    )
    expect(code(await app.call('previewBundle', { path }))).toBe('no-hand')
    expect(app.dialogsOpen).toBe(0)
  })

  it('is written where a person says, by the sheet, and only then the drive can go', async () => {
    await app.evaluate(`location.assign('#/missions/${mission}')`)
    await says('Write bundle')
    await clickOn('Write bundle')
    await says('For anybody, not encrypted')
    await clickOn('For anybody, not encrypted')
    await says('Whoever finds the drive can read all of it.')
    await clickOn('Write it, not encrypted')
    const shown = await app.answerDialog(() => ({ canceled: false, filePath: path }))
    expect(shown).toMatchObject({ kind: 'save', title: 'Save a bundle, not encrypted' })
    expect(shown.defaultPath?.endsWith('Karst Ridge Fire')).toBe(true)
    await says('You can remove the drive now')
    expect(existsSync(path)).toBe(true)
    await app.picture('bundle-written')
    await clickOn('Close')
  })

  it('is not written when the person changes their mind, nor over another file', async () => {
    await app.touch()
    const write = () => app.evaluate<Result<BundleWritten | null>>(`window.muster.writeBundle(${order()})`)
    const cancelled = write()
    await app.answerDialog(() => ({ canceled: true, filePath: '' }))
    expect(await cancelled).toEqual({ ok: true, value: null })
    const before = await readFile(path)
    const again = write()
    await app.answerDialog(() => ({ canceled: false, filePath: path }))
    expect(code(await again)).toBe('bundle-exists')
    expect(await readFile(path)).toEqual(before)
  })

  it('is chosen in the dialog, shown, and taken by a hand alone', async () => {
    const choosing = app.evaluate<Result<ChosenFile>>(`window.muster.chooseBundle()`)
    await app.answerDialog(() => ({ canceled: false, filePaths: [path] }))
    const chosen = await choosing
    if (!chosen.ok || chosen.value.kind !== 'bundle') throw new Error('no bundle was chosen')
    expect(chosen.value.name).toBe('fire.muster-bundle')
    const id = JSON.stringify(chosen.value.id)
    const seen = await app.evaluate<Result<BundlePreview>>(`window.muster.previewBundle(${id})`)
    expect(seen.ok && seen.value.missions.map(({ name }) => name)).toEqual(['Karst Ridge Fire'])
    await app.touch()
    const taken = await app.evaluate<Result<BundleTaken>>(`window.muster.takeBundle(${id})`)
    expect(taken.ok && taken.value.changes).toBe(0)
  })

  it('that is opened from outside is shown, and nothing is taken', async () => {
    await app.do('openFile', path)
    await says('A bundle from OSC Sežana')
    await says('Nothing was taken yet.')
    await app.picture('bundle-opened')
    await clickOn('Not now')
    await app.untilPage(`document.querySelector('[role=dialog]') === null`)
  })
})
