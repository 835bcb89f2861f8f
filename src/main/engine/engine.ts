/**
 * The composition root: builds the parts, wires neighbours, starts and stops them in order, and answers the commands.
 * Knows everything and decides nothing: decisions are in the pure modules below.
 */
import type { CommandHandlers } from '@shared/contract.js'
import type { FeedMessage } from '@shared/feed.js'
import type { Decision, MissionId, NetworkStatus, NodeId, NodeStatus, Overview } from '@shared/model.js'
import { createBoundaryCommands } from './boundary-commands.js'
import { fail, ok, problem, type Problem, type Result } from '@shared/result.js'
import { everything } from '@shared/scope.js'
import { version } from '@shared/version.js'
import { createAuthorityCommands } from './authority-commands.js'
import { createCatalogueCommands } from './catalogue-commands.js'
import { ListBook } from './catalogue/list-book.js'
import { createBundleCommands } from './bundle-commands.js'
import { createContentPort } from './bundle-contents.js'
import { createRevocationPort } from './bundle-revocations.js'
import { Bundles } from './bundles/bundles.js'
import { createCertificateCommands } from './certificate-commands.js'
import { SettingsChanger } from './change-settings.js'
import { decide, refuseDecision } from './decide.js'
import { createCommands, onlyLooking } from './command-handlers.js'
import { ContentAccess } from './content-access.js'
import { createContentCommands } from './content-commands.js'
import { Contents } from './content/contents.js'
import { HeldFiles } from './content/held.js'
import { ContentStore } from './content/store.js'
import { Datagrams } from './datagrams/datagrams.js'
import type { DatagramNetwork } from './datagrams/network.js'
import type { Discovery } from './discovery/discovery.js'
import type { DnsServer } from './discovery/dns-client.js'
import { networkStatus } from './discovery/doctor.js'
import { Ways } from './discovery/ways.js'
import { FeedWriter } from './feed-writer.js'
import { createHistoryCommands } from './history-commands.js'
import type { IssueCertificate } from './identity/certificate.js'
import type { CarriedIdentity } from './identity/identity-transfer.js'
import { OwnIdentity } from './identity/identity.js'
import type { KeyStore } from './identity/key-store.js'
import type { ScryptCost } from './identity/passphrase.js'
import { applyReplacement, endReplacement, type Replacement } from './identity/replacement.js'
import { createKeyCommands, type KeeperCommands } from './key-commands.js'
import type { LinkVersion } from './links/hello.js'
import { isAboutIntroductions } from './links/introduction-messages.js'
import { IntroductionExchange } from './introduction-exchange.js'
import { isAboutLists } from './links/list-messages.js'
import { ListExchange } from './list-exchange.js'
import { isAboutStatements } from './links/statement-messages.js'
import { StatementExchange } from './statement-exchange.js'
import { LinkTable } from './links/link-table.js'
import type { Transport } from './links/transport.js'
import type { Damage } from './logs/journal.js'
import type { Head, LogId } from './logs/run.js'
import { createMapCommands } from './map-commands.js'
import { MapShelf, type MapTile } from './maps/map-shelf.js'
import { Invitations } from './missions/invitations.js'
import { Missions, type MissionsReport } from './missions/missions.js'
import { HealthBook, Views } from './overview.js'
import { Pairings } from './pairing/pairing.js'
import { Presence } from './presence/presence.js'
import { ReceiptBook } from './receipts/receipt-book.js'
import { missionFacts } from './replication/mission-facts.js'
import { Replicator } from './replication/replicator.js'
import { Standing } from './replication/standing.js'
import type { Clock } from './runtime/clock.js'
import { shortId, type Log } from './runtime/log.js'
import type { Random } from './runtime/random.js'
import { SettingsBook } from './settings.js'
import { createStandingCommands } from './standing-commands.js'
import { createSnapshotCommands } from './snapshot-commands.js'
import { openFolder } from './snapshots/open-folder.js'
import { kept, type Disk } from './storage/disk.js'
import { Introductions } from './trust/introductions.js'
import { PeerBook } from './trust/peer-book.js'
import { refuseGiving, refuseTaking } from './trust/policy.js'
import { TeamAuthority } from './team-authority.js'
import { readStatement } from './trust/statement.js'
import { TrustBook } from './trust/trust-book.js'
import { mayDelete, refuseVouching } from './trust/policy.js'
import { Vouching } from './trust/vouching.js'

/** Everything from outside that the engine rests on; the simulated field brings its own. */
export interface EnginePorts {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly transport: Transport
  /** Left out: there is no UDP, and everything goes by links. */
  readonly datagrams?: DatagramNetwork | undefined
  /** A folder outside the data folder: a drive that bundles are carried on. */
  readonly drive: (folder: string) => Disk
  /** Made anew each time that looking for others is switched on. Left out: peers are found by address only. */
  readonly discovery?: (() => Discovery) | undefined
  /** Asks a DNS server for the nodes of a domain. Left out: none is asked. */
  readonly dnsSd?: ((server: DnsServer, domain: string) => Discovery) | undefined
  /** Left out: keys cannot be wrapped here. */
  readonly keyStore?: KeyStore | undefined
  /** Of new passphrases. Left out: what a small laptop bears. */
  readonly passphraseCost?: ScryptCost | undefined
  /** Left out: a P-256 certificate, issued with the system's randomness. */
  readonly issueCertificate?: IssueCertificate | undefined
  readonly interfaces: () => NodeStatus['interfaces']
}

export interface EngineSettings {
  readonly callsign: string
  /** Left out: as last time, or `field`. */
  readonly federation?: string | undefined
  /** 0: any free port. Left out: the usual one. */
  readonly linkPort?: number | undefined
  /** Left out: all interfaces. */
  readonly linkHost?: string | undefined
  readonly dataFolder: string
  /** Versions of the link protocol to speak; left out: all. For tests of a node of an earlier release. */
  readonly linkVersions?: readonly LinkVersion[] | undefined
  /**
   * The window shows the first steps until they are done, and callsign, federation and port above are suggestions for
   * the first start. Else they hold at each start, whatever was set before.
   */
  readonly wantsFirstRun?: boolean | undefined
  /** A snapshot to go back to before anything is read: its name, or `latest`. */
  readonly restore?: string | undefined
  /** Why the folder cannot be written: it is only looked at. */
  readonly readOnly?: Problem | undefined
  /** A person chose a snapshot: it takes effect when this engine has stopped and another is started. */
  readonly onRestartWanted?: (() => void) | undefined
  /** Neither listens nor dials. */
  readonly isOffline?: boolean | undefined
  readonly log: Log
}

/** What the keeper of the keys gives each start (keeper.ts). */
export interface Keeping {
  /** What keys under a passphrase are wrapped with; left out: the start answers `node-locked` where it is wanted. */
  readonly dataKey?: Buffer | undefined
  readonly commands: KeeperCommands
  /** Settings, or how the keys are kept, are others now. */
  readonly onChanged: () => void
  /** What the keeper may do with an engine that has started. */
  readonly onReady: (inside: Inside) => void
}

export interface Inside {
  /** What keys are wrapped with; a copy, which outlives the engine. */
  dataKey(): Buffer | undefined
  /** Whether nothing was done on this laptop yet. */
  isUnused(): boolean
  /** Another identity for this folder: the one that is given, or a new one. */
  replacement(carried?: CarriedIdentity): Promise<Replacement>
}

export interface Engine {
  readonly nodeId: NodeId
  readonly commands: CommandHandlers
  /** Starts with a snapshot; returns its undo. */
  subscribe(listener: (message: FeedMessage) => void): () => void
  overview(): Overview
  /** Where others reach this node and why they cannot; why its folder is only looked at; whether it is locked. */
  reach(): Pick<NodeStatus, 'linkPort' | 'listenProblem' | 'readOnly' | 'isLocked'>
  missionIds(): readonly MissionId[]
  /** Types of the entities in a mission, `mission` itself left out. */
  entityTypes(mission: MissionId): readonly string[]
  heads(mission: MissionId): Result<{ readonly digest: string; readonly heads: readonly Head[] }>
  /** One durable change as it is stored: a line of JSON. */
  readLine(mission: MissionId, log: LogId, seq: number): Promise<Result<string>>
  /** A tile of a map that a person opened; `undefined` where it has none. */
  mapTile(id: string, z: number, x: number, y: number): Promise<Result<MapTile | undefined>>
  /** The bytes of files of missions. */
  readonly contents: Pick<ContentAccess, 'add' | 'open'>
  /** Counters since the start, for whoever watches a node. */
  counters(): Readonly<Record<string, number>>
  /** Writes what is under way, ends every link, and leaves the folder to others. */
  stop(): Promise<void>
}

export async function startEngine(
  settings: EngineSettings,
  ports: EnginePorts,
  keeping: Keeping
): Promise<Result<Engine>> {
  const { clock, random, transport } = ports
  const { log, wantsFirstRun = false } = settings
  let isStarted = false
  const health = new HealthBook(clock, () => afterStart(() => feed.note('health')))
  const folder = await openFolder({
    disk: ports.disk,
    clock,
    random,
    log,
    readOnly: settings.readOnly,
    restore: settings.restore,
    onSnapshotProblem: (found) => health.set('snapshots', found)
  })
  if (!folder.ok) return folder
  const { disk, readOnly, store, snapshots, restored } = folder.value
  health.set('folder', readOnly)
  const replaced = readOnly === undefined ? await applyReplacement(disk) : ok(undefined)
  if (!replaced.ok) return replaced
  const book = await openSettings(settings, disk, (found) => health.set('settings', found))
  const loaded = await OwnIdentity.open({
    disk,
    random,
    now: clock.now(),
    keyStore: ports.keyStore,
    dataKey: keeping.dataKey,
    passphraseCost: ports.passphraseCost,
    issue: ports.issueCertificate,
    federation: wantsFirstRun && book.all.isSetUp ? undefined : settings.federation
  })
  if (!loaded.ok) return loaded
  const { identity, isNew } = loaded.value
  identity.callsign = book.all.callsign
  identity.laptop = book.all.laptop
  let isDamaged = false
  const onDamage = (damage: Damage) => {
    if (damage.kind === 'damaged' && damage.isNew) isDamaged = true
    noteDamage(damage, health, log)
  }

  const feed: FeedWriter = new FeedWriter(clock, {
    overview: () => views.overview(),
    slice: (name) => views.slice(name),
    peer: (nodeId) => views.peer(nodeId),
    mission: (id) => views.mission(id)
  })
  const opened = await TrustBook.open(
    {
      disk,
      identity,
      clock,
      random,
      onDamage,
      onChange: (what) =>
        afterStart(() => {
          feed.note('auditTotal')
          if (what === 'audit') return
          feed.note('anchors')
          feed.note('pins')
          feed.note('node')
          noteLists()
          lists.changed()
        }),
      onSaved: (found) => {
        health.set('decisions', found)
        if (found === undefined) afterStart(diskWorks)
      },
      // Nothing is linked while the book is read.
      onTrust: (nodeId) => afterStart(() => trustChanged(nodeId)),
      onBoundary: () => afterStart(boundaryChanged),
      onStatement: (about) =>
        afterStart(() => {
          feed.notePeer(about)
          noteRetired()
          statements.changed()
        })
    },
    isNew,
    store.trustFrom
  )
  if (!opened.ok) return opened
  const trust = opened.value
  const carried = replaced.value === undefined ? ok(null) : await carryOver(replaced.value, trust)
  if (!carried.ok) return carried
  if (isNew) await identity.begun()
  if (replaced.value !== undefined) await endReplacement(disk)
  const peers = await PeerBook.open(disk, clock, log, (found) => health.set('peers', found))
  const teamList = await ListBook.open(disk, (found) => health.set('team list', found))
  for (const known of trust.decided()) peers.remember(known, known.decision.at)
  const report: MissionsReport = {
    onDamage,
    onUnreadable: (id, found) => {
      if (found.code !== 'newer-data') isDamaged = true
      log('error', 'mission-unreadable', { mission: shortId(id), code: found.code, detail: found.detail })
      health.set(`mission ${id}`, found)
    }
  }
  const missions: Missions = await Missions.open(
    {
      disk,
      identity,
      clock,
      random,
      events: {
        onRun: (mission, run) => replicator.newRun(mission, run),
        onChange: (mission) =>
          afterStart(() => {
            if (missions.get(mission.id) !== mission) return // Its files are being read anew.
            const isNew = !announced.has(mission.id)
            announced.add(mission.id)
            if (isNew) replicator.missionAdded(mission)
            else replicator.missionChanged(mission)
            replicator.admitPeers()
            contents.missionChanged(mission)
            void kept(invitations.answer(mission))
            feed.noteMission(mission.id)
          }),
        onSaved(found) {
          health.set('disk', found)
          if (found === undefined) afterStart(diskWorks)
          else
            afterStart(() => {
              trust.noteNotSaved(found.code)
              replicator.diskRefused()
            })
        },
        onFork: (mission, proof) => afterStart(() => replicator.newFork(mission, proof)),
        onDamaged: (mission, detail) => {
          log('warn', 'damage-found', { mission: shortId(mission.id), detail })
          void missions.readAnew(mission, report).then(renewStore)
        }
      }
    },
    report
  )
  const receipts = await ReceiptBook.open(
    { disk, clock, identity, storeId: () => store.storeId, onSaved: (found) => health.set('receipts', found) },
    missions.all()
  )
  const megabyte = 1_000_000
  const contentStore = await ContentStore.open({
    disk,
    quota: () => (book.all.filesMostMb === 0 ? undefined : book.all.filesMostMb * megabyte),
    onDamage: (file, detail) => {
      log('error', 'file-damaged', { detail })
      health.set(`content ${file}`, problem('content-damaged', detail))
      afterStart(() => contents.damaged(file))
    }
  })
  const held = await HeldFiles.open({
    disk,
    clock,
    store: contentStore,
    onSaved: (found) => health.set('files held', found)
  })
  const announced = new Set(missions.all().map(({ id }) => id))
  const invitations = new Invitations(identity.nodeId, (nodeId) => !mayDelete(links.factsOf(nodeId)))
  const links: LinkTable = new LinkTable({
    transport,
    self: {
      identity,
      run: random.bytes(16).toString('hex'),
      versions: settings.linkVersions,
      clock,
      random,
      mayLeave: (nodeId, mission) => replicator.mayLeave(nodeId, mission)
    },
    trust,
    peers,
    isShownToStrangers: () => book.all.isShownToStrangers,
    log,
    onShown: (met, chain) => {
      const { nodeId, callsign, record } = met
      vouching
        .shown({ nodeId, callsign, federation: record.federation, chain })
        .then(() => {
          introductions.review(nodeId)
          introducing.changed()
        })
        .catch((error: unknown) => log('error', 'certificate-not-judged', { error: String(error) }))
    },
    onNearby: () => noteNetwork(),
    onUp: (link, nodeId) => {
      // Before anything of a mission.
      statements.linkUp(link)
      lists.linkUp(link)
      introducing.ask(link, nodeId)
      replicator.linkUp(link, nodeId)
      contents.linkUp(link, nodeId)
      datagrams.linkUp(link, nodeId)
    },
    onDown: (link, nodeId) => {
      datagrams.linkDown(link)
      lists.linkDown(nodeId)
      replicator.linkDown(nodeId)
      contents.linkDown(nodeId)
    },
    onMessage: (link, nodeId, message) => {
      if (isAboutStatements(message))
        statements
          .message(link, nodeId, message)
          .catch((error: unknown) => log('error', 'statement-not-judged', { error: String(error) }))
      else if (isAboutIntroductions(message)) introducing.message(link, nodeId, message)
      else if (isAboutLists(message))
        lists
          .message(link, nodeId, message)
          .catch((error: unknown) => log('error', 'list-not-judged', { error: String(error) }))
      else if (message.t === 'holds' || message.t === 'fetch' || message.t === 'lacks')
        contents.message(nodeId, message)
      else if (message.t === 'datagrams') datagrams.told(link, message)
      else replicator.message(link, nodeId, message)
    },
    onContent: (_, nodeId, part) => contents.part(nodeId, part),
    onPairing: (link, nodeId, message) => pairings.message(link, nodeId, message),
    onClosed: (link) => pairings.lost(link),
    onRun: (link, nodeId, mission, run) => replicator.run(link, nodeId, mission, run),
    onFork: (link, nodeId, mission, proof) => replicator.fork(link, nodeId, mission, proof),
    onPresence: (link, nodeId, payload) => presence.received(link, nodeId, payload),
    onPeer: (nodeId) => feed.notePeer(nodeId),
    onTargets: () => feed.note('targets')
  })
  const vouching: Vouching = new Vouching({
    trust,
    ownFederation: () => identity.federation,
    mayLetIn: (nodeId, claimedFederation) =>
      refuseVouching({ ...links.factsOf(nodeId), claimedFederation }) === undefined,
    now: () => clock.now(),
    onPeer: (nodeId) => feed.notePeer(nodeId)
  })
  const pairings: Pairings = new Pairings({
    identity,
    links,
    trust,
    peers,
    clock,
    random,
    refuse: (nodeId, { until }) =>
      refuseDecision({ level: 'trusted', ...(until === undefined ? {} : { until }) }, links.factsOf(nodeId)),
    decide: (nodeId, chosen, compared) =>
      decide(
        { identity, clock, trust, peers, missions, vouching, links, introductions },
        { nodeId, level: 'trusted', ...chosen },
        compared
      ),
    onChange: () => feed.note('pairing')
  })
  const statements: StatementExchange = new StatementExchange({ trust, links, peers, log })
  const introductions: Introductions = await Introductions.open({
    ...{ ownId: identity.nodeId, disk, clock, trust, peers, vouching, log },
    factsOf: (nodeId) => links.factsOf(nodeId),
    onPeer: (nodeId) => feed.notePeer(nodeId)
  })
  const introducing: IntroductionExchange = new IntroductionExchange({
    ...{ trust, vouching, links, introductions, clock },
    mayTell: () => book.all.introducesPeers
  })
  const lists: ListExchange = new ListExchange({ trust, vouching, links, peers, clock, log })
  const replicator: Replicator = new Replicator({
    missions,
    links,
    trust,
    peers,
    ownId: identity.nodeId,
    receipts,
    storeId: () => store.storeId,
    clock,
    log,
    onStep: (nodeId, mission) => {
      feed.notePeer(nodeId)
      feed.noteMission(mission)
    },
    onHeld: (link, nodeId, mission) => presence.ready(link, nodeId, mission)
  })
  const datagrams: Datagrams = new Datagrams({
    network: ports.datagrams,
    clock,
    random,
    log,
    mayLeave: (nodeId, mission) => replicator.mayLeave(nodeId, mission),
    onWord: (link, nodeId, payload) => presence.received(link, nodeId, payload, false),
    onPeer: (nodeId) => feed.notePeer(nodeId)
  })
  const presence: Presence = new Presence({
    missions,
    links,
    trust,
    identity,
    disk,
    clock,
    give: (link, word) => datagrams.give(link, word),
    nameOf: (mission, source) => views.nameOf(mission, source),
    onChange: (mission) => feed.noteMission(mission)
  })
  const contents: Contents = new Contents({
    store: contentStore,
    held,
    missions,
    links,
    trust,
    clock,
    random,
    log,
    autoBytes: () => book.all.filesAutoMb * megabyte,
    mayGive: (nodeId, mission) =>
      refuseGiving(links.factsOf(nodeId), missionFacts(mission, identity.nodeId, nodeId)) === undefined,
    mayTake: (nodeId, mission) =>
      refuseTaking(links.factsOf(nodeId), missionFacts(mission, identity.nodeId, nodeId)) === undefined,
    onChange: (mission) => feed.noteMission(mission),
    onProblem: (found) => health.set('content', found)
  })
  const standing = new Standing({
    missions,
    links,
    trust,
    peers,
    receipts,
    ownId: identity.nodeId,
    exchanges: replicator.exchanges,
    lacksFiles: (mission, nodeId) => contents.lackedBy(mission, nodeId)
  })
  const views: Views = new Views({
    dataFolder: settings.dataFolder,
    interfaces: ports.interfaces,
    network,
    settings: () => ({ ...book.all, federation: identity.federation }),
    isFirstRun: () => wantsFirstRun && !book.all.isSetUp,
    identity,
    trust,
    vouching,
    introductions,
    pairings,
    peers,
    missions,
    links,
    datagrams,
    standing,
    presence,
    contents,
    health,
    readOnly: readOnly?.code,
    startedAt: clock.now()
  })

  const discovery = new Ways({
    clock,
    log,
    makeMdns: ports.discovery,
    makeDnsSd: ports.dnsSd,
    onSighting: (sighting) => links.sighted(sighting),
    onGone: (sighting) => links.gone(sighting),
    onChange: noteNetwork
  })
  const bundles = await Bundles.open({
    identity,
    disk,
    drive: ports.drive,
    clock,
    random,
    missions,
    links,
    trust,
    peers,
    replicator,
    store,
    contents: createContentPort(contentStore, contents),
    revocations: createRevocationPort(trust, vouching),
    log
  })
  const settingsChanger = new SettingsChanger({
    book,
    identity,
    trust,
    links,
    discovery,
    health,
    linkHost: settings.linkHost,
    onIdentity: renewed,
    onNode: () => {
      feed.note('node')
      contents.settingsChanged()
      introducing.changed()
      noteNetwork()
      keeping.onChanged()
    }
  })

  function afterStart(act: () => void): void {
    if (isStarted) act()
  }
  /** What was promised about data that is damaged now holds no more. */
  async function renewStore(): Promise<void> {
    const renewed = await kept(store.renew())
    if (renewed.ok) replicator.storeRenewed()
  }
  function diskWorks(): void {
    health.set('disk', undefined)
    replicator.diskWorks()
  }
  function network(): NetworkStatus {
    return networkStatus({
      view: discovery.air(),
      known: discovery.known(),
      stateOf: (at) => links.nearbyOf(at),
      linkPort: links.linkPort,
      listenProblem: links.listenProblem,
      linked: links.up().length,
      wasReached: links.wasReached,
      platform: process.platform,
      now: clock.now()
    })
  }
  function noteRetired(): void {
    health.set('retired', trust.isRetired(identity.nodeId) ? problem('node-retired') : undefined)
  }
  function noteLists(): void {
    const lost = trust.lists.all().filter(({ list }) => list === undefined)
    const names = trust
      .listLines()
      .flatMap((line) => (lost.some((one) => one.authority === line.authority) ? line.name : []))
    health.set('lists', lost.length === 0 ? undefined : problem('list-lost', names.join(', ')))
  }
  async function noteStart(): Promise<void> {
    if (restored !== undefined) await trust.noteDone('restored', { text: restored })
    await trust.note('started', { text: version })
  }
  function noteNetwork(): void {
    feed.note('network')
  }
  function renewed(): void {
    links.renewIdentity()
    feed.note('node')
  }
  function trustChanged(...nodeIds: readonly NodeId[]): void {
    for (const nodeId of nodeIds) {
      links.review(nodeId)
      introductions.review(nodeId)
      const link = links.linkTo(nodeId)
      if (link?.state === 'up') introducing.ask(link, nodeId)
      replicator.trustChanged(nodeId)
      contents.trustChanged(nodeId)
      feed.notePeer(nodeId)
    }
    introducing.changed()
    feed.note('anchors')
    feed.note('pins')
    replicator.admitPeers()
    for (const mission of missions.all()) feed.noteMission(mission.id)
  }

  function boundaryChanged(): void {
    feed.note('node')
    trustChanged(...peers.peers.keys())
    void vouching.review()
  }

  isStarted = true
  noteLists()
  noteRetired()
  health.set('journal', trust.isGood ? undefined : problem('journal-damaged'))
  if (readOnly === undefined) {
    // What was promised about data that is damaged now holds no more.
    if (isDamaged) await store.renew()
    // The disk syncs while the port is opened and peers are dialled.
    const noted = noteStart()
    if (settings.isOffline !== true) {
      await links.start(settings.linkHost, book.all.linkPort)
      health.set('listen', links.listenProblem)
      await datagrams.open(settings.linkHost, links.linkPort ?? 0)
      await discovery.start(links.linkPort ?? 0, book.all)
      discovery.list(teamList.addresses)
    }
    await noted
    snapshots.start()
    missions.verifySoon()
    void bundles.resume()
    for (const mission of missions.all()) void kept(invitations.answer(mission))
  }
  const restoring = createSnapshotCommands({
    disk,
    snapshots,
    trust,
    onRestartWanted: settings.onRestartWanted
  })

  const authority = new TeamAuthority({
    ...{ disk, clock, random, trust },
    keyStore: () => identity.keyStore
  })
  const keys = createKeyCommands({
    ...{ identity, authority, snapshots, trust, log, missions, standing, random },
    cost: ports.passphraseCost,
    onChanged: () => {
      feed.note('node')
      keeping.onChanged()
    }
  })
  if (readOnly === undefined) void keys.resume()
  keeping.onReady({
    dataKey: () => identity.dataKey(),
    isUnused: () =>
      missions.all().length === 0 && trust.decided().length === 0 && trust.acceptedCertificates().length === 0,
    async replacement(given) {
      const next = await identity.successor(clock.now(), given?.identity)
      return { identity: next, why: given === undefined ? 'reset' : 'imported', ...keys.carriedOver() }
    }
  })
  const shelf = new MapShelf(disk, (found) => health.set('maps', found))
  const commands = createCommands({
    identity,
    clock,
    trust,
    peers,
    missions,
    links,
    views,
    health,
    presence,
    vouching,
    introductions,
    pairings,
    certificates: createCertificateCommands({ identity, clock, trust, vouching, onIdentity: renewed }),
    authority: createAuthorityCommands({ identity, trust, vouching, authority }),
    keys: { ...keys.commands, ...keeping.commands },
    maps: createMapCommands({ missions, shelf, clock, random }),
    snapshots: restoring,
    history: createHistoryCommands({ clock, random, missions }),
    bundles: createBundleCommands(bundles),
    boundary: createBoundaryCommands({ ownId: identity.nodeId, links, missions, peers, trust }),
    standing: createStandingCommands({
      ownId: identity.nodeId,
      missions,
      links,
      trust,
      standing,
      nameOf: (mission, author) => views.nameOf(mission, author)
    }),
    contents: createContentCommands({
      clock,
      missions,
      store: contentStore,
      contents,
      nameOf: (m, n) => views.nameOf(m, n)
    }),
    catalogue: createCatalogueCommands({
      ...{ clock, peers, trust, links },
      book: teamList,
      onList: () => discovery.list(teamList.addresses),
      onSaved: (found) => health.set('team list', found)
    }),
    changeSettings: (changes) => settingsChanger.change(changes),
    lookAgain: () => {
      discovery.look()
      links.greetAgain()
    },
    onForgotten: (nodeId) => {
      receipts.forget(nodeId)
      feed.notePeer(nodeId)
    }
  })

  return ok({
    nodeId: identity.nodeId,
    commands: readOnly === undefined ? commands : onlyLooking(commands, readOnly),
    subscribe: (listener) => feed.subscribe(listener),
    contents: new ContentAccess({ missions, store: contentStore, contents, readOnly }),
    overview: () => views.overview(),
    reach: () => views.reach(),
    missionIds: () => missions.all().map(({ id }) => id),
    entityTypes: (id) => Object.keys(missions.get(id)?.summary.counts ?? {}).filter((type) => type !== 'mission'),
    heads(id) {
      const mission = missions.get(id)
      return mission === undefined
        ? fail('mission-unknown')
        : ok({ digest: mission.logs.digest(), heads: mission.logs.heads() })
    },
    mapTile: (id, z, x, y) => shelf.tile(id, z, x, y),
    async readLine(id, log, seq) {
      const mission = missions.get(id)
      if (mission === undefined) return fail('mission-unknown')
      const found = await kept(mission.readLine(log, seq))
      if (!found.ok) return found
      return found.value === undefined ? fail('not-found') : ok(found.value)
    },
    counters: () => ({
      links: links.up().length,
      peers: peers.peers.size,
      missions: missions.all().length,
      changes: missions.all().reduce((sum, mission) => sum + mission.logs.changes, 0),
      connections_refused: links.refusedEarly,
      bytes_waiting: links.up().reduce((sum, { link }) => sum + link.waiting, 0),
      files: contentStore.count,
      file_bytes: contentStore.used,
      runs_not_taken: sumOf(replicator.runsRefused),
      receipts_not_taken: sumOf(replicator.receiptsRefused),
      presence_not_taken: sumOf(presence.refused),
      datagram_paths: datagrams.paths,
      datagrams_sent: datagrams.sent,
      datagrams_received: datagrams.received,
      datagrams_not_taken: sumOf(datagrams.refused)
    }),
    async stop() {
      await bundles.stop()
      await snapshots.stop()
      await settingsChanger.settled()
      await discovery.stop()
      pairings.stop()
      lists.stop()
      introducing.stop()
      await links.stop()
      await datagrams.close()
      await shelf.close()
      await contents.stop()
      await missions.close()
      await receipts.close()
      await introductions.close()
      await trust.close()
      await peers.close()
      identity.forget()
    }
  })
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

/** Into the journal of decisions of another identity: what the one before leaves to it. */
async function carryOver({ why, revoked, statements }: Replacement, trust: TrustBook): Promise<Result<null>> {
  for (const { nodeId, callsign, federation, reason, ...said } of revoked) {
    const decision: Decision = {
      level: 'revoked',
      ground: 'unseen',
      scope: everything,
      ...said,
      ...(reason && { reason })
    }
    const kept = await trust.decide({ nodeId, callsign, federation, decision })
    if (!kept.ok) return kept
  }
  for (const one of statements) {
    const statement = readStatement(one)
    if (typeof statement !== 'string') await trust.takeStatement(statement)
  }
  return trust.noteDone('settings', { text: why === 'reset' ? 'new identity' : 'identity taken from a file' })
}

/** Where others reach a node unless it says otherwise. */
export const usualLinkPort = 47110

/** A host that gives callsign and port on its command line means them; elsewhere what a person set wins. */
export function openSettings(
  { callsign, linkPort, wantsFirstRun = false }: EngineSettings,
  disk: Disk,
  onProblem: (found: Problem) => void
): Promise<SettingsBook> {
  const given = { callsign, ...(linkPort === undefined ? {} : { linkPort }) }
  const usual = {
    linkPort: usualLinkPort,
    ...given,
    laptop: '',
    isDiscoverable: true,
    interfaces: {},
    dnsServer: '',
    dnsDomain: '',
    isShownToStrangers: true,
    introducesPeers: false,
    hasLocalApi: false,
    theme: 'system' as const,
    language: 'system',
    hasSingleKeys: true,
    closing: 'ask' as const,
    filesMostMb: 0,
    filesAutoMb: 50,
    lockAfterMin: 0,
    isSetUp: false
  }
  return SettingsBook.open(disk, usual, wantsFirstRun ? {} : given, onProblem)
}

function noteDamage(damage: Damage, health: HealthBook, log: Log): void {
  log('warn', 'damage', { file: damage.segment, bytes: damage.bytes, aside: damage.aside, kind: damage.kind })
  if (damage.kind === 'damaged' && damage.isNew)
    health.set(
      `file ${damage.segment}`,
      problem('file-damaged', `${damage.segment}: ${String(damage.bytes)} bytes, now in ${damage.aside}`)
    )
}
