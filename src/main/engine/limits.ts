/**
 * Limits of the protocol (docs/protocol/bytes.md): the same on every node, because what one node refuses and another
 * takes would part them for ever. Changing one of the first group changes the protocol.
 */
export const limits = {
  /** One change, in bytes of UTF-8, without its line end. */
  lineBytes: 64 * 1024,
  /** Arrays and objects within each other in one line. */
  nesting: 32,
  /** One run: changes up to a seal. */
  runChanges: 1024,
  runBytes: 256 * 1024,
  /** Its header line, with its line end. */
  runHeaderBytes: 512,
  /** One frame on a link, and before trust. */
  frameBytes: 1024 * 1024,
  frameBytesBeforeTrust: 4 * 1024,
  framesBeforeTrust: 16,
  /** Of those about pairing, which count apart, on one connection before trust. */
  pairingFrames: 32,
  /** For TLS and hello together, in milliseconds. */
  helloMs: 5_000,
  /** Names, callsigns, federations, labels: in characters. */
  nameLength: 64,
  descriptionLength: 4_000,
  labels: 16,
  deputies: 16,
  /** Names of replaced values in one write. */
  seen: 64,
  /** In one cut or adopt: as many as a line holds for sure. */
  acceptedHeads: 500,
  /** Names of cuts in one adopt. */
  lifts: 64,
  pendingRequests: 20,
  /** Each step of a pairing: opening the request, comparing the codes. */
  pairingMs: 60_000,
  /** In one chain. */
  certificates: 10,
  /** Of one revocation list, in DER. */
  listBytes: 1024 * 1024,
  /** In one message: lists that are told, and bytes of one. */
  listsTold: 64,
  listPartBytes: 64 * 1024,
  /** A statement of revocation: its text, certificate keys in it, and the reason in characters. */
  statementBytes: 8 * 1024,
  statementKeys: 64,
  reasonLength: 200,
  /** In one message: names of statements. */
  statementsTold: 1_000,
  /** Peers in one list of introductions. */
  introductions: 200,
  /** Lists of introductions from one peer within a minute: another one is said 2 s after the last one at the earliest. */
  introductionLists: 60,
  /** One word of presence: its line, and how long it may count. */
  presenceBytes: 2 * 1024,
  presenceTtlMs: 3_600_000,
  /** One sealed datagram: below what every IPv6 network carries whole. */
  datagramBytes: 1_200,
  /** In one message: as many as a frame holds for sure. */
  heads: 5_000,
  /** In a bundle: its manifest, for how many nodes, logs of one mission, and what a block of runs unpacks to. */
  bundleManifestBytes: 4 * 1024 * 1024,
  bundleAudience: 200,
  bundleLogs: 10_000,
  bundleBlockBytes: 1024 * 1024,
  /** Of a file: in one request, in one frame, and files in one message. */
  contentFetchBytes: 256 * 1024,
  contentFrameBytes: 256 * 1024,
  contentsTold: 1_000
} as const

/** Bounds of this node's own patience and memory; they may differ between nodes. */
export const bounds = {
  handshakesAtOnce: 16,
  /** Of those, kept for addresses of known peers. */
  handshakesForKnown: 4,
  /** New connections: per address and in all, in a burst and then per second. */
  perAddress: { burst: 20, perSecond: 2 },
  overall: { burst: 100, perSecond: 20 },
  /** Bytes handed to a socket and not yet taken by the system. */
  unsentBytes: 256 * 1024,
  /** The same for what is read from disk at the pace of the link: more urgent frames wait behind no more of it. */
  unsentBulkBytes: 64 * 1024,
  /** New runs waiting for one link before they are read from disk at its pace instead. */
  congestedBytes: 64 * 1024,
  /** Frames waiting for one link; only a peer that asks for more than it reads comes there, and is cut. */
  queuedBytes: 8 * 1024 * 1024,
  /** Received and not yet on disk, per mission, before a link is read no further. */
  uncommittedBytes: 4 * 1024 * 1024,
  /** A segment of a journal that has grown so far is left as it is, and the next one is begun. */
  segmentBytes: 8 * 1024 * 1024,
  /** Of a journal between two places at which a log can be entered. */
  markBytes: 64 * 1024,
  /** A fold that nobody used for so long is saved and let go. */
  foldIdleMs: 600_000,
  /** A longer run from a peer is a part of a bulk transfer: it is folded when that is over. */
  foldAtOnce: 128,
  /** Missions as they were that are kept while somebody looks at them, and for how long after. */
  pasts: 3,
  pastIdleMs: 300_000,
  /** One that is still being made, when nobody asks how far it is. */
  pastAbandonedMs: 10_000,
  /** Deleted entities that are looked through for edits that the deletion did not know. */
  deletedLookedAt: 1_000,
  /** Lines folded since it was saved, before it is saved again. */
  foldUnsaved: 20_000,
  /** After the start, what a checkpoint covers is read and checked: from when on, and the rest between two steps. */
  verifyAfterMs: 30_000,
  verifyPauseMs: 50,
  /** Logs of one mission of which it is known that they part. */
  forks: 100,
  /** Branches of one forked log that are held beside the one that counts. */
  branches: 8,
  /** Of a journal, before a checkpoint covers them. */
  uncoveredBytes: 4 * 1024 * 1024,
  /** Runs of authors who are not members yet, per mission. */
  waitingBytes: 1024 * 1024,
  waitingRuns: 256,
  heartbeatMs: 5_000,
  /** A connection that said hello and waits for a decision. */
  lingerMs: 60_000,
  /** Between two requests of one peer that its person put off or did not see. */
  pairingAskMs: 60_000,
  /** Peers that said hello and about whom nobody decided. */
  strangers: 200,
  /** Addresses in the air, and of every other source. */
  sightings: 500,
  /** A team list: the file, its nodes, and what each may have. */
  listed: { bytes: 64 * 1024, nesting: 32, indent: 100, nodes: 200, tags: 16, forwards: 32, to: 64 },
  /** Receipts of a mission, one per peer; states of it that they speak of; peers of whom it is known which copy speaks. */
  receipts: 500,
  receiptStates: 64,
  receiptStores: 2_000,
  /** Between two receipts for one peer and mission, and from news to the disk. */
  receiptEveryMs: 2_000,
  /** Between two lists of introductions to one peer. */
  introductionsEveryMs: 2_000,
  /** Peers whose introductions are kept, and those noted in a decision. */
  introducers: 32,
  vouchersNoted: 8,
  auditInMemory: 5_000,
  addressesPerPeer: 8,
  missions: 1_000,
  /** Words of presence that are looked at, per link; then kept, per source and per mission. */
  presence: { burst: 2_048, perSecond: 300 },
  presencePerSource: 16,
  /** Sealed datagrams that are opened, per link: words, and as many acknowledgements. */
  datagrams: { burst: 4_096, perSecond: 600 },
  /** Words that wait for an acknowledgement, per link; more go by the link. */
  datagramsWaiting: 64,
  presencePerMission: 2_048,
  /** Certificates of peers and organisations that count here, and the largest that fits a line of the journal. */
  accepted: 200,
  acceptedBytes: 32 * 1024,
  /** Certificates issued by an own authority that it can still take back. */
  issued: 5_000,
  /** Authorities whose revocation lists are kept, and all lists together. */
  lists: 64,
  listsBytes: 16 * 1024 * 1024,
  /** Statements of revocation: of one revoker, and of all those that do not count here. */
  statementsOfOne: 200,
  statements: 500,
  /** By revokers about whom nobody decided here: in all, and brought by one peer. */
  strangeStatements: 128,
  strangeStatementsByOne: 16,
  /** Addresses typed by a person. */
  targets: 64,
  /** Kept of each kind; of those that something else than time asked for, the number for all of one kind. */
  snapshots: { hourly: 24, daily: 14, others: 5 },
  /** Files are kept in pieces of this size, each once: what grows at its end shares all but the last. */
  snapshotPieceBytes: 1024 * 1024,
  /** A bundle that would leave less room on the disk is not taken. */
  bundleReserveBytes: 64 * 1024 * 1024,
  /** A snapshot that would leave less room on the disk is not made. */
  snapshotReserveBytes: 256 * 1024 * 1024,
  /** Files leave so much of the disk to everything else. */
  contentReserveBytes: 256 * 1024 * 1024,
  /** Files that come at once, and of those how many may be larger than this. */
  contentTransfers: 4,
  contentLargeTransfers: 3,
  contentLargeBytes: 4 * 1024 * 1024,
  /** Requests to one peer on their way: so much lies between it and us, and so long a change may wait behind it. */
  contentRequests: 4,
  /** Blocks of one file that may wait in memory for an earlier one. */
  contentBlocksAhead: 32,
  /** A peer that gave nothing for so long is asked again later; others are asked meanwhile. */
  contentPatienceMs: 60_000,
  /** Parts of files become smaller where one takes long to leave: a change may wait behind one. */
  contentPartBytes: { least: 4 * 1024, shrinkAfterMs: 100, growWithinMs: 20 },
  /** Requests of one peer that wait here. */
  contentAsked: 64,
  /** Files that one peer says it holds. */
  contentsHeld: 100_000,
  /** Of what peers said of files that are here, so many words are kept over a restart, and so often. */
  heldKept: 50_000,
  heldEveryMs: 2_000
} as const
