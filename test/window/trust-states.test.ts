/** What a person sees of a peer, and is asked about it, in states that are rare; and certificates that cannot be used. */
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import type { CommandHandlers } from '@shared/contract'
import type { Decision, PeerSummary, RevocationStatement } from '@shared/model'
import { fail } from '@shared/result'
import { everything } from '@shared/scope'
import { openBrowser } from './browser'
import { byEngine, canLook, goTo, inFewLooks, sizes, withRecorded } from './looks'
import { dropFiles } from './real-window'
import { nodeIdOf, type Recorded } from './recorded'
import { certificateHandlers, trustField } from './recorded-trust'

const dayMs = 86_400_000
const minuteMs = 60_000
const decidedAt = (now: number): Decision => ({
  ...{ level: 'trusted', at: now - 2 * dayMs, by: 'OSC Sežana', ground: 'words', scope: everything }
})
const down = (now: number, reason: 'trust-ended' | 'federation-differs' | 'certificate-revoked' | 'peer-revoked') => ({
  ...{ state: 'down', since: now - 4 * minuteMs, lastHeard: now - 4 * minuteMs, reason }
})
const said = (effect: RevocationStatement['effect'], now: number): RevocationStatement => ({
  ...{
    nodeId: nodeIdOf(2),
    callsign: 'GFFF-V Polska 1',
    at: now - 3 * minuteMs,
    reason: 'taken from the vehicle',
    effect
  }
})

interface State {
  readonly name: string
  /** Which peer of the field, and what is other about it. */
  readonly peer: number
  readonly over?: (now: number) => Partial<PeerSummary>
  readonly sheet?: 'decide' | 'share' | 'revoke' | 'forget'
  readonly way?: (page: Page) => Promise<void>
}

const press = (name: string) => async (page: Page) => page.getByRole('button', { name, exact: true }).click()
const refused = async (page: Page): Promise<void> => {
  await press('Revoke Palmanova 1')(page)
  await page.getByText('DSK-01').waitFor()
}
const ended = (now: number): Partial<PeerSummary> => ({
  decision: { ...decidedAt(now), until: now - 5 * minuteMs },
  link: down(now, 'trust-ended') as PeerSummary['link']
})
const foreign = (now: number): Partial<PeerSummary> => ({
  federation: 'drava-2026',
  link: down(now, 'federation-differs') as PeerSummary['link']
})
const warned =
  (warning: NonNullable<PeerSummary['warning']>) =>
  (now: number): Partial<PeerSummary> => ({
    ...{ level: 'pending', warning, decision: { ...decidedAt(now), level: 'untrusted' } }
  })

const states: readonly State[] = [
  { name: 'ended', peer: 10, over: ended },
  { name: 'ended-decide', peer: 10, over: ended, sheet: 'decide' },
  { name: 'foreign', peer: 8, over: foreign },
  { name: 'foreign-decide', peer: 8, over: foreign, sheet: 'decide' },
  { name: 'changed-scope', peer: 1, sheet: 'share' },
  { name: 'two-places', peer: 9 },
  { name: 'shared-certificate', peer: 8, over: warned('certificate-shared') },
  { name: 'lost-certificate', peer: 8, over: warned('certificate-lost'), sheet: 'decide' },
  { name: 'revoked-certificate', peer: 8, over: warned('certificate-revoked') },
  { name: 'forget', peer: 8, sheet: 'forget' },
  { name: 'revoked', peer: 11 },
  ...(['advice', 'counts', 'overridden', 'retired'] as const).map((effect) => ({
    ...{ name: `said-${effect}`, peer: effect === 'counts' ? 11 : 1 },
    over: (now: number) => ({ statements: [said(effect, now)] }),
    way: (page: Page) => page.locator('.said').scrollIntoViewIfNeeded()
  })),
  { name: 'revoke-refused', peer: 1, sheet: 'revoke', way: refused }
]

/** For each state a peer of its own. */
const first = 100

function withStates(now: number): Recorded {
  const recorded = trustField(now)
  const { peers } = recorded.overview
  const more = states.flatMap(({ peer, over }, index) =>
    peers
      .filter(({ nodeId }) => nodeId === nodeIdOf(peer))
      .map((one) => ({ ...one, nodeId: nodeIdOf(first + index), ...over?.(now) }))
  )
  return { ...recorded, overview: { ...recorded.overview, peers: [...peers, ...more] } }
}

describe.runIf(canLook)('rare states of trust', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())

  it('of a peer, and each question about it', async () => {
    const recorded = withStates(Date.now())
    const own: Partial<CommandHandlers> = { decide: async () => fail('disk-full', 'ENOSPC: no space left on device') }
    const work: Parameters<typeof withRecorded>[2] = async (page, engine) => {
      for (const [index, { name, sheet, way }] of states.entries()) {
        await page.setViewportSize(sizes[0])
        await goTo(page, `/peers/${nodeIdOf(first + index)}${sheet === undefined ? '' : `/${sheet}`}`)
        const dialog = page.locator('[role=dialog], [role=alertdialog]')
        if (sheet !== undefined) await dialog.waitFor()
        await way?.(page)
        await inFewLooks(page, `state-${name}`, byEngine(engine, recorded.overview))
        await page.keyboard.press('Escape')
        await dialog.waitFor({ state: 'detached' })
      }
    }
    await withRecorded(browser, recorded, work, { ...certificateHandlers(Date.now()), ...own })
  }, 240_000)

  it('of a file with a password, and of the authority', async () => {
    const recorded = trustField(Date.now())
    const work: Parameters<typeof withRecorded>[2] = async (page, engine) => {
      const turn = byEngine(engine, recorded.overview)
      await goTo(page, '/trust')
      await dropFiles(page, [{ name: 'gz-sezana.p12', content: 'locked identity' }])
      await page.getByLabel('Password of the file').fill('wrong')
      await page.keyboard.press('Enter')
      await page.getByText('CRT-02').waitFor()
      await inFewLooks(page, 'state-wrong-password', turn)
      await goTo(page, '/trust/authority')
      await press('Issue a certificate')(page)
      await page.getByText('A request', { exact: true }).click()
      await inFewLooks(page, 'state-request', turn)
    }
    await withRecorded(browser, recorded, work, certificateHandlers(Date.now()))
  }, 60_000)
})
