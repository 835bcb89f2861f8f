/**
 * The one contract between window and engine: every command with its argument and its answer, and the messages that
 * carry them over a WebSocket. Over IPC the same commands and the same feed messages travel without the envelope.
 */
import type { FeedMessage } from './feed.js'
import type { Boundary } from './boundary.js'
import type {
  AuditPage,
  BoundaryEffect,
  BundleEstimate,
  AuthorityView,
  RequestPreview,
  RevokeReason,
  BundlePreview,
  BundleProgress,
  BundleTaken,
  BundleWritten,
  CatalogueEntry,
  CertificatePreview,
  ChangeName,
  ContentPage,
  ContentPreview,
  ConflictPage,
  DeletedEditView,
  BeyondPage,
  DeletedPage,
  EntityPage,
  Fork,
  Ground,
  HistoryPage,
  ImportAs,
  IntroducerRight,
  EntityView,
  Json,
  MapFileSummary,
  MapItemPage,
  LackedPage,
  MissionId,
  MissionView,
  NodeId,
  PastView,
  PresenceView,
  SearchAnswer,
  ScopePreview,
  ResetPreview,
  Role,
  SnapshotSummary,
  TaskPage,
  TrustStory,
  WriteRequest
} from './model.js'
import type { Result } from './result.js'
import type { Scope } from './scope.js'
import type { Settings } from './settings.js'

export interface DecisionRequest {
  readonly nodeId: NodeId
  readonly level: 'trusted' | 'untrusted' | 'revoked'
  readonly scope?: Scope
  /** End of the decision; left out: until revoked. */
  readonly until?: number
  readonly reason?: string
  readonly ground?: Ground
  /**
   * With `revoked`: what the peer writes from now on goes on counting in missions that we own. Left out, its part in them
   * ends with what is held here.
   */
  readonly keepsChanges?: true
  /** With `trusted`: whom this peer revokes is revoked here, too. Left out: what it says is advice. */
  readonly mayRevoke?: true
  /** With `trusted`: it may introduce others; `letsIn` is within `scope`. Left out: whom it trusts is not asked. */
  readonly mayIntroduce?: IntroducerRight
  /** What becomes of those whom it introduced, when it may introduce them no more. */
  readonly introduced?: Introduced
}

/**
 * Of those whom a peer introduced. Who was let in by its word alone goes with it unless it is kept; about whom a person decided
 * here stays unless it is taken back.
 */
export interface Introduced {
  readonly keep?: readonly NodeId[]
  readonly takeBack?: readonly NodeId[]
}

/** Files as a person chose them, read whole; what they hold is told by their content, never by their name. */
export interface CertificateFiles {
  /** 1 to 10, together at most 1 MiB, base64. */
  readonly files: readonly string[]
  readonly password?: string
  /** Of a package, which is then the only file: the name of the file in it. Left out: the likeliest. */
  readonly member?: string
}

/**
 * How to save this node's certificate (never a key): as text, as binary, as a PKCS#12 trust store for TAK devices, or as
 * one with the old cipher (3DES and SHA-1) that older TAK devices need. The last two want a password.
 */
export type CertificateFormat = 'pem' | 'der' | 'p12' | 'p12-old'

/** A file to be saved by a person: base64. */
export interface SavedFile {
  readonly fileName: string
  readonly data: string
}

/** For whom an own authority issues a certificate. */
export type IssueRequest = {
  readonly name: string
  readonly days: number
} & (
  | /** A laptop that was met since the start, for the key that it showed. */
    { readonly to: 'laptop'; readonly nodeId: NodeId }
    /** Whoever made this request: base64. */
  | { readonly to: 'request'; readonly data: string }
  /** A device that makes no key itself: it gets key and certificate in one file. */
  | { readonly to: 'phone'; readonly format: 'p12' | 'p12-old'; readonly password: string }
)

export interface BundleRequest {
  /** On this machine: a file that is not there yet, in a folder that is. */
  readonly path: string
  readonly missions: readonly MissionId[]
  /** Who can open it; empty only with `inTheOpen`. */
  readonly to: readonly NodeId[]
  /** Only what not all of these are known to hold. */
  readonly onlyLacking?: boolean
  /** Without encryption: whoever finds the drive reads it. */
  readonly inTheOpen?: boolean
  /** Left out: just below 4 GiB, what a file on FAT32 can hold. */
  readonly pieceBytes?: number
}

/** A bundle to be written where a person says. */
export type BundleOrder = Omit<BundleRequest, 'path' | 'pieceBytes'> & {
  /** Only suggested. */
  readonly fileName: string
}

/** A file that a person chose; of a bundle nothing was read yet, and a page knows it by `id` alone. */
export type ChosenFile =
  | { readonly kind: 'bundle'; readonly id: string; readonly name: string }
  /** `data`: base64. */
  | { readonly kind: 'receipt'; readonly name: string; readonly data: string }

interface CommandMap {
  /** Dial an address, and go on dialling it until it is removed. */
  addPeer: { argument: { readonly address: string; readonly port: number }; answer: null }
  removeAddress: { argument: { readonly address: string; readonly port: number }; answer: null }
  /** Forget the back-off and dial now: one peer, or everybody. */
  tryNow: { argument: { readonly nodeId?: NodeId }; answer: null }
  decide: { argument: DecisionRequest; answer: null }
  /** What its trust rests on, what it was given since, and what revoking it would stop. */
  trustStory: { argument: { readonly nodeId: NodeId }; answer: TrustStory }
  /**
   * This laptop is out of use from now on: signed, told to every peer, and final. Nobody who hears of it links with it again.
   */
  retire: { argument: { readonly reason?: string }; answer: null }
  /** Asks a peer to compare codes; opens its request if it asked already. */
  startPairing: { argument: { readonly nodeId: NodeId }; answer: null }
  /** Lets the request of a peer go on: until then nothing was computed for it. */
  openPairing: { argument: { readonly nodeId: NodeId }; answer: null }
  /** What a person says about the code. Once both said `equal`, the peer is trusted here with this scope. */
  answerPairing: {
    argument: {
      readonly nodeId: NodeId
      readonly equal: boolean
      /** Left out: everything. */
      readonly scope?: Scope
      /** Left out: until revoked. */
      readonly until?: number
    }
    answer: null
  }
  /** Rejects a request, ends what runs, or puts away what has ended. */
  cancelPairing: { argument: { readonly nodeId: NodeId }; answer: null }
  /** Lets a peer in whose certificate counts but for its time (`PeerSummary.late`); until: at most 30 days from now. */
  continueLate: { argument: { readonly nodeId: NodeId; readonly until: number }; answer: null }
  /** Takes a peer off the list with what was decided about it; one that was revoked stays. */
  forgetPeer: { argument: { readonly nodeId: NodeId; readonly introduced?: Introduced }; answer: null }
  /** Looks what the files hold and what they could become; nothing is written. */
  previewCertificates: { argument: CertificateFiles; answer: CertificatePreview }
  importCertificates: {
    argument: CertificateFiles & {
      readonly as: ImportAs
      /** For `peer` and `anchor`; left out: everything. */
      readonly scope?: Scope
      readonly until?: number
      /** For `anchor`: nobody is let in by it without a revocation list that is not outdated. */
      readonly needsList?: boolean
    }
    /** SHA-256 of the certificate: the name of the anchor or pin; of a list, the anchor that it belongs to. */
    answer: { readonly as: ImportAs; readonly id: string }
  }
  removeAnchor: { argument: { readonly id: string }; answer: null }
  removePin: { argument: { readonly id: string }; answer: null }
  exportCertificate: {
    argument: { readonly format: CertificateFormat; readonly password?: string }
    answer: { readonly fileName: string; readonly data: string }
  }
  /** This laptop's own authority, a small CA for a team; `null`: none was made here. */
  viewAuthority: { argument: null; answer: AuthorityView | null }
  /** An authority from another laptop: certificate and key, and its newest list where this laptop does not have that yet. */
  takeAuthority: {
    argument: Omit<CertificateFiles, 'member'> & {
      /** It never made a list: the first one is made here. */
      readonly isFirst?: boolean
    }
    answer: AuthorityView
  }
  makeAuthority: { argument: { readonly name: string; readonly days: number }; answer: AuthorityView }
  /** Looks what a request in a file claims (PKCS#10, PEM or DER; base64); nothing is written. */
  previewRequest: { argument: { readonly data: string }; answer: RequestPreview }
  issueCertificate: { argument: IssueRequest; answer: SavedFile & { readonly serial: string } }
  /** Takes back what was issued here, and makes a new list. */
  revokeIssued: { argument: { readonly serial: string; readonly reason: RevokeReason }; answer: null }
  /** A new list of all that was taken back, as a file; it also counts here and is carried, if the authority is accepted here. */
  publishList: { argument: null; answer: SavedFile }
  /** The authority with its key, locked with a password of 8 to 64 characters: PKCS#12. */
  exportAuthority: { argument: { readonly password: string }; answer: SavedFile }
  /** A request for a certificate for this laptop's key, to be signed by an authority elsewhere. */
  requestCertificate: { argument: null; answer: SavedFile }
  /** Back to a certificate made here, with a new key. */
  renewCertificate: { argument: null; answer: null }
  /** Wraps the private keys with the system's key store, or unwraps them. */
  lockKeys: { argument: { readonly lock: boolean }; answer: null }
  /**
   * Puts the private keys under a passphrase, under another one, or, with `null`, in the open again. Where there is one
   * already, it is wanted in `old`.
   */
  setPassphrase: { argument: { readonly old?: string; readonly passphrase: string | null }; answer: null }
  /** Ends every link and drops the keys, until somebody gives the passphrase. The feed goes on with a new snapshot. */
  lockNow: { argument: null; answer: null }
  unlock: { argument: { readonly passphrase: string }; answer: null }
  /**
   * Keys and certificate of this laptop in one file under a passphrase; no missions, no decisions.
   * `current`: the passphrase that the keys are under, where there is one.
   */
  exportIdentity: { argument: { readonly passphrase: string; readonly current?: string }; answer: SavedFile }
  /** This laptop becomes the one in the file (base64), if nothing was done on it yet. The feed goes on with a new snapshot. */
  importIdentity: {
    argument: { readonly data: string; readonly passphrase: string }
    answer: { readonly nodeId: NodeId }
  }
  /** What a new identity would mean here. */
  previewReset: { argument: null; answer: ResetPreview }
  /**
   * A new identity; the keys of the one before are removed. Missions stay as they are held, whom it revoked stays revoked,
   * everything else is decided anew. `confirm`: the callsign of this laptop. The feed goes on with a new snapshot.
   */
  resetIdentity: { argument: { readonly confirm: string }; answer: { readonly nodeId: NodeId } }
  /** Somebody is at the window: the time after which it locks by itself begins anew. */
  personHere: { argument: null; answer: null }
  changeSettings: { argument: Partial<Settings>; answer: null }
  /** Asks the network at once instead of at the next turn. */
  lookAgain: { argument: null; answer: null }
  /** A YAML or JSON file of nodes takes the place of the one before; nothing changes if a line of it is wrong. */
  openTeamList: {
    argument: { readonly text: string }
    answer: { readonly nodes: number; readonly addresses: number }
  }
  removeTeamList: { argument: null; answer: null }
  /** Every node met or listed, those heard last first. `staleAfterMs`: left out, 90 s. */
  listCatalogue: {
    argument: { readonly staleAfterMs?: number } | null
    answer: { readonly nodes: readonly CatalogueEntry[] }
  }
  /** After a damaged or missing trust journal: a person takes responsibility for going on. */
  confirmJournal: { argument: null; answer: null }
  createMission: {
    argument: {
      readonly name: string
      readonly description?: string
      /** Who may pass it on besides its owners; fixed for ever. Left out: inside a federation. */
      readonly onward?: 'none' | 'federation' | 'any'
      /** What the mission begins with, such as tasks of a template; written with one commit. */
      readonly changes?: readonly WriteRequest[]
    }
    answer: { readonly id: MissionId }
  }
  /** Answers after the changes are durable. */
  write: {
    argument: { readonly missionId: MissionId; readonly changes: readonly WriteRequest[] }
    answer: { readonly changes: readonly { readonly name: ChangeName }[] }
  }
  /** Ends somebody's part in a mission that we own: what is held here of their changes counts, nothing else will. */
  removeMember: { argument: { readonly missionId: MissionId; readonly nodeId: NodeId }; answer: null }
  listForks: { argument: { readonly missionId: MissionId }; answer: { readonly forks: readonly Fork[] } }
  /** In a mission that we own: the branch of a forked log that ends at this line counts, and no other. */
  settleFork: {
    argument: {
      readonly missionId: MissionId
      readonly author: NodeId
      readonly epoch: string
      readonly seq: number
      readonly hash: string
    }
    answer: null
  }
  /**
   * Gives somebody a role in a mission that we own. `read-only` for who may write: what is held here of their changes
   * counts, nothing else will. More rights for who was removed: all that they wrote counts again.
   */
  setRole: { argument: { readonly missionId: MissionId; readonly nodeId: NodeId; readonly role: Role }; answer: null }
  /** What is held here of somebody's changes and does not count, in the order of writing. Limit 1 to 200. */
  listBeyond: {
    argument: {
      readonly missionId: MissionId
      readonly nodeId: NodeId
      readonly offset: number
      readonly limit: number
    }
    answer: BeyondPage
  }
  /** Takes all of that in; who was removed stays so. */
  adoptBeyond: { argument: { readonly missionId: MissionId; readonly nodeId: NodeId }; answer: null }
  /** What was deleted in the last 30 days, the newest first. Limit 1 to 200. Writing `false` to `deleted` restores it. */
  listDeleted: {
    argument: { readonly missionId: MissionId; readonly offset: number; readonly limit: number }
    answer: DeletedPage
  }
  /** What members ask to delete whose deletions are requests; limit 1 to 200. `false` in `deletionAsked` answers no. */
  listAsked: {
    argument: { readonly missionId: MissionId; readonly offset: number; readonly limit: number }
    answer: DeletedPage
  }
  viewMission: { argument: { readonly missionId: MissionId }; answer: MissionView }
  /** A range of the entities of one type (`log`, `task`, …), by the time their authors claim. */
  listEntities: {
    argument: {
      readonly missionId: MissionId
      readonly type: string
      readonly offset: number
      /** 1 to 200. */
      readonly limit: number
      readonly order: 'newest' | 'oldest'
      /** Shows entities that have all these words in their texts; case and accents do not matter. */
      readonly filter?: string
      /** As it was at this time, which `openPast` made ready. */
      readonly pastAt?: number
    }
    answer: EntityPage
  }
  /** Tasks: with conflicts first, done last, between them what is due first. Limit 1 to 200. */
  listTasks: {
    argument: { readonly missionId: MissionId; readonly offset: number; readonly limit: number }
    answer: TaskPage
  }
  /** Registers with more than one content, by entity and field. */
  listConflicts: {
    /** Limit 1 to 200. */
    argument: { readonly missionId: MissionId; readonly offset: number; readonly limit: number }
    answer: ConflictPage
  }
  /** Of the entities deleted last, those in which somebody wrote who did not know of the deletion. */
  listDeletedEdits: {
    argument: { readonly missionId: MissionId }
    answer: { readonly items: readonly DeletedEditView[] }
  }
  /** Who wrote what: of a mission, one of its entities, or one field of that. */
  listHistory: {
    argument: {
      readonly missionId: MissionId
      readonly entity?: string
      /** Only with `entity`. */
      readonly field?: string
      /** `next` of the page before. */
      readonly before?: string
      /** 1 to 200. */
      readonly limit: number
    }
    answer: HistoryPage
  }
  /** Makes a mission as it was at a time, or says how far that is; to be asked again until it is ready. */
  openPast: { argument: { readonly missionId: MissionId; readonly at: number }; answer: PastView }
  /** Over all missions, or one; to be asked again while not everything was searched. */
  search: {
    argument: {
      /** Every word must be there; case and accents do not matter. */
      readonly text: string
      readonly missionId?: MissionId
      /** Hits in each mission, 1 to 200. */
      readonly limit: number
    }
    answer: SearchAnswer
  }
  /** One entity with all its values, also a deleted one; `null` when nobody wrote it. */
  viewEntity: { argument: { readonly missionId: MissionId; readonly entity: string }; answer: EntityView | null }
  /**
   * Items for a map, at most 5,000 and 100,000 points at once. With the cursor of an earlier answer to the same box and
   * text, only what changed since.
   */
  listItems: {
    argument: {
      readonly missionId: MissionId
      /** Degrees; west beyond east goes over the antimeridian. Left out: everywhere, also items without a place. */
      readonly box?: readonly [west: number, south: number, east: number, north: number]
      /** In title, uid, type or callsign of who made it. */
      readonly text?: string
      readonly since?: string
    }
    answer: MapItemPage
  }
  /** Maps that a person opened from files. */
  listMaps: { argument: null; answer: { readonly maps: readonly MapFileSummary[] } }
  /** Looks what the file holds and keeps its place; the file itself stays where it is. */
  addMap: { argument: { readonly path: string }; answer: MapFileSummary }
  /** Forgets it; the file stays. */
  removeMap: { argument: { readonly id: string }; answer: null }
  /**
   * What only this laptop has of a mission: own changes that nobody whom we trust said to hold; with `nodeId`: all
   * changes that this peer is not known to hold. The newest of each log first.
   */
  listOnlyHere: {
    argument: {
      readonly missionId: MissionId
      readonly nodeId?: NodeId
      readonly offset: number
      /** 1 to 200. */
      readonly limit: number
    }
    answer: LackedPage
  }
  /** What a decision with this scope would do now; for a certificate, which may stand for many, without `nodeId`. */
  previewScope: {
    argument: { readonly nodeId?: NodeId; readonly scope: Scope; readonly until?: number }
    answer: ScopePreview
  }
  /** Which other federations this node deals with, and how far. What is narrower than before takes effect at once. */
  setBoundary: { argument: Boundary; answer: null }
  /** What that would do to trusted peers of other federations; only those to whom it makes a difference, at most 200. */
  previewBoundary: {
    argument: Boundary
    answer: { readonly total: number; readonly effects: readonly BoundaryEffect[] }
  }
  /** Beside the log: the newest value per key counts, until its time is over; nothing is stored. `null` takes it back. */
  sharePresence: {
    argument: {
      readonly missionId: MissionId
      readonly key: string
      readonly value: Json
      /** 1,000 to 3,600,000. */
      readonly ttlMs: number
    }
    answer: null
  }
  listPresence: {
    argument: { readonly missionId: MissionId }
    answer: {
      readonly presence: readonly PresenceView[]
      /** What its source took back, until that word's own time is over. */
      readonly takenBack: readonly { readonly source: NodeId; readonly key: string }[]
    }
  }
  /** A range of the files of a mission, and how each stands here. */
  listContents: {
    argument: {
      readonly missionId: MissionId
      readonly offset: number
      /** 1 to 200. */
      readonly limit: number
      readonly order: 'newest' | 'oldest'
      /** Shows files with this text in any value. */
      readonly filter?: string
    }
    answer: ContentPage
  }
  /** A person asks for a file that does not come by itself, or not any more; what came of it is then removed. */
  wantContent: {
    argument: { readonly missionId: MissionId; readonly file: string; readonly isWanted: boolean }
    answer: null
  }
  /** What of a file can be shown, judged by its bytes and never by its name. */
  previewContent: { argument: { readonly missionId: MissionId; readonly file: string }; answer: ContentPreview }
  listSnapshots: { argument: null; answer: { readonly snapshots: readonly SnapshotSummary[] } }
  takeSnapshot: { argument: null; answer: SnapshotSummary }
  /** Prepares going back to one, by name or `latest`; the host then starts the engine anew, which ends the feed. */
  restoreSnapshot: { argument: { readonly name: string }; answer: { readonly name: string } }
  /** What of each mission a bundle for these nodes would hold, and which may not go to them. */
  estimateBundle: {
    argument: Pick<BundleRequest, 'to' | 'onlyLacking' | 'inTheOpen'>
    answer: { readonly missions: readonly BundleEstimate[] }
  }
  /** Answers when the bundle was read again from where it lies. */
  writeBundle: { argument: BundleRequest; answer: BundleWritten }
  /** Of the file, or of any of its pieces. */
  previewBundle: { argument: { readonly path: string }; answer: BundlePreview }
  takeBundle: { argument: { readonly path: string }; answer: BundleTaken }
  /** A receipt for a bundle from here, as a file: base64. */
  takeReceipt: {
    argument: { readonly data: string }
    answer: { readonly nodeId: NodeId; readonly missions: number }
  }
  bundleProgress: { argument: null; answer: BundleProgress | null }
  cancelBundle: { argument: null; answer: null }
  /** Newest first. */
  listAudit: { argument: { readonly offset: number; readonly limit: number }; answer: AuditPage }
}

export type CommandName = keyof CommandMap
export type ArgumentOf<Name extends CommandName> = CommandMap[Name]['argument']
export type AnswerOf<Name extends CommandName> = CommandMap[Name]['answer']

/** The engine's side: a missing command does not compile. */
export type CommandHandlers = {
  readonly [Name in CommandName]: (argument: ArgumentOf<Name>) => Promise<Result<AnswerOf<Name>>>
}

/** What the window holds instead of a socket or an IPC object. */
export interface EngineClient {
  call<Name extends CommandName>(name: Name, argument: ArgumentOf<Name>): Promise<Result<AnswerOf<Name>>>
  /** Starts with a snapshot; returns its undo. */
  subscribe(listener: (message: FeedMessage) => void): () => void
}

/** What the desktop host does for its window beyond the engine; a browser does without (downloads, its own file dialog). */
export interface DesktopHost {
  /** Asks where to save it and writes it; answers the path, or `null` when the person changed their mind. */
  saveFile(fileName: string, data: string): Promise<Result<{ readonly path: string } | null>>
  /** Asks for a map file and adds it; `null` when the person changed their mind. */
  openMap(): Promise<Result<MapFileSummary | null>>
  /** Asks for files and adds them to a mission; `null` when the person changed their mind. */
  pickFiles(missionId: MissionId): Promise<Result<{ readonly added: number } | null>>
  /** The same with `File` objects that a person let go over the window; main shows their places and asks. */
  addFiles(missionId: MissionId, files: readonly object[]): Promise<Result<{ readonly added: number } | null>>
  /** Asks where to save a file of a mission and writes it. */
  saveContent(missionId: MissionId, file: string): Promise<Result<{ readonly path: string } | null>>
  /** Opens the folder that holds the data in the system's file manager. */
  showDataFolder(): Promise<Result<null>>
  /** Files that were opened from outside (double click, command line), base64; returns its undo. */
  onOpenedFiles(listener: (opened: OpenedFiles) => void): () => void
  /** Asks where, writes it there and reads it again; `null` when the person changed their mind. */
  writeBundle(order: BundleOrder): Promise<Result<BundleWritten | null>>
  /** Asks which bundle or receipt; `null` when the person changed their mind. */
  chooseBundle(): Promise<Result<ChosenFile | null>>
  /** A bundle or receipt that a person let go over the window; `file` is a File of the page, which this code cannot name. */
  dropBundle(file: unknown): Promise<Result<ChosenFile>>
  previewBundle(id: string): Promise<Result<BundlePreview>>
  takeBundle(id: string): Promise<Result<BundleTaken>>
  /** A bundle or receipt that was opened from outside; returns its undo. */
  onOpenedBundle(listener: (chosen: ChosenFile) => void): () => void
}

export interface OpenedFiles {
  readonly names: readonly string[]
  readonly files: readonly string[]
}

/** Everything that Electron's preload puts on `window.muster`. */
export type DesktopBridge = EngineClient & DesktopHost

/** Window to engine. The first message authenticates and must come within two seconds. */
export type ClientMessage =
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'call'; readonly id: number; readonly name: CommandName; readonly argument: unknown }
  | { readonly type: 'subscribe' }

/** Engine to window. */
export type ServerMessage =
  FeedMessage | { readonly type: 'answer'; readonly id: number; readonly result: Result<unknown> }

/** Names of the IPC channels, once for both ends. */
export const ipcChannels = {
  call: 'muster:call',
  subscribe: 'muster:subscribe',
  feed: 'muster:feed',
  saveFile: 'muster:save-file',
  openMap: 'muster:open-map',
  pickFiles: 'muster:pick-files',
  addFiles: 'muster:add-files',
  saveContent: 'muster:save-content',
  showDataFolder: 'muster:show-data-folder',
  /** The window is ready for files opened from outside. */
  wantFiles: 'muster:want-files',
  openedFiles: 'muster:opened-files',
  writeBundle: 'muster:write-bundle',
  chooseBundle: 'muster:choose-bundle',
  dropBundle: 'muster:drop-bundle',
  previewBundle: 'muster:preview-bundle',
  takeBundle: 'muster:take-bundle',
  /** The window is ready for bundles opened from outside. */
  wantBundles: 'muster:want-bundles',
  openedBundle: 'muster:opened-bundle'
} as const
