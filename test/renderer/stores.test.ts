// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import type { FeedMessage, OverviewChange } from '@shared/feed'
import type { WindowClient } from '@/engine-client'
import { useFeedStore } from '@/stores/feed'
import { useMissionsStore } from '@/stores/missions'
import { useNodeStore } from '@/stores/node'
import { usePeersStore } from '@/stores/peers'
import { brokenField, missionIdOf, nodeIdOf, richField } from '../window/recorded'
import { noBundles } from './no-bundles'

const overview = richField(Date.now()).overview

function feedOf(): { readonly client: WindowClient; say(message: FeedMessage): void; subscriptions(): number } {
  let listener: ((message: FeedMessage) => void) | undefined
  let subscriptions = 0
  const client: WindowClient = {
    call: () => Promise.reject(new Error('no command is expected')),
    subscribe: (next) => {
      subscriptions++
      listener = next
      return () => (listener = undefined)
    },
    onConnection: (next) => {
      next({ state: 'open' })
      return () => undefined
    },
    tile: () => Promise.resolve(undefined),
    reconnect: () => undefined,
    bundles: noBundles
  }
  return { client, say: (message) => listener?.(message), subscriptions: () => subscriptions }
}

function changes(revision: number, ...list: readonly OverviewChange[]): FeedMessage {
  return { type: 'changes', revision, changes: list }
}

beforeEach(() => setActivePinia(createPinia()))

describe('the feed', () => {
  it('fills every store from one snapshot', () => {
    const { client, say } = feedOf()
    useFeedStore().start(client)
    expect(useNodeStore().node).toBeUndefined()
    say({ type: 'snapshot', revision: 1, overview })
    expect(useNodeStore().node?.callsign).toBe('OSC Sežana')
    expect(usePeersStore().list).toHaveLength(overview.peers.length)
    expect(useMissionsStore().conflicts).toBe(2)
  })

  it('follows numbered changes', () => {
    const { client, say } = feedOf()
    useFeedStore().start(client)
    say({ type: 'snapshot', revision: 1, overview })
    const [peer] = overview.peers
    if (peer === undefined) throw new Error('the record has no peers')
    say(
      changes(
        2,
        { slice: 'peer', value: { ...peer, callsign: 'Palmanova 2' } },
        { slice: 'mission-gone', id: missionIdOf(1) }
      )
    )
    expect(usePeersStore().find(peer.nodeId)?.callsign).toBe('Palmanova 2')
    expect(useMissionsStore().find(missionIdOf(1))).toBeUndefined()
  })

  it('subscribes anew at a gap and takes nothing from beyond it', () => {
    const { client, say, subscriptions } = feedOf()
    useFeedStore().start(client)
    say({ type: 'snapshot', revision: 1, overview })
    say(changes(3, { slice: 'mission-gone', id: missionIdOf(1) }))
    expect(subscriptions()).toBe(2)
    expect(useMissionsStore().find(missionIdOf(1))).toBeDefined()
    say({ type: 'snapshot', revision: 9, overview: { ...overview, missions: [] } })
    expect(useMissionsStore().list).toEqual([])
  })
})

describe('peers', () => {
  it('groups by what a person has to do', () => {
    const { client, say } = feedOf()
    useFeedStore().start(client)
    say({ type: 'snapshot', revision: 1, overview })
    const { groups, needing } = usePeersStore()
    expect(groups.needs.map((peer) => peer.callsign)).toEqual([
      'Civilna zaščita Nova Gorica',
      'Polizia Locale Trieste 4',
      'GRZS Tolmin, Matjaž Štrukelj'
    ])
    expect(groups.linked).toHaveLength(5)
    expect(groups.away.map((peer) => peer.callsign)).toEqual(['Falke 2', 'Vozilo 12', 'HQ Ljubljana'])
    expect(needing).toBe(3)
  })

  it('never counts a revoked or undecided peer as linked', () => {
    const { client, say } = feedOf()
    useFeedStore().start(client)
    const link = overview.peers[0]?.link
    const peers = overview.peers.map((peer) => (link === undefined ? peer : { ...peer, link }))
    say({ type: 'snapshot', revision: 1, overview: { ...overview, peers } })
    const names = usePeersStore().groups.linked.map((peer) => peer.nodeId)
    expect(names).not.toContain(nodeIdOf(8))
    expect(names).not.toContain(nodeIdOf(11))
  })
})

describe('the node', () => {
  it('tells a disk that does not save from a damaged journal', () => {
    const { client, say } = feedOf()
    useFeedStore().start(client)
    say({ type: 'snapshot', revision: 1, overview: brokenField(Date.now()).overview })
    expect(useNodeStore().unsaved?.code).toBe('disk-full')
    expect(useNodeStore().journal?.code).toBe('journal-damaged')
  })
})

describe('missions', () => {
  it('puts conflicts first, then what is only here, then the newest change', () => {
    const { client, say } = feedOf()
    useFeedStore().start(client)
    const [fire, host, air] = overview.missions
    if (fire === undefined || host === undefined || air === undefined) throw new Error('the record has three missions')
    say({ type: 'snapshot', revision: 1, overview: { ...overview, missions: [air, { ...host, onlyHere: 2 }, fire] } })
    expect(useMissionsStore().sorted.map((mission) => mission.name)).toEqual([fire.name, host.name, air.name])
  })
})
